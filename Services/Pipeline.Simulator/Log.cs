using Pipeline.Simulator.Faults;

namespace Pipeline.Simulator;

/// <summary>Log messages of the simulator: 5000–5099.</summary>
internal static partial class Log
{
    [LoggerMessage(5000, LogLevel.Information, "Client {Client} has had {Users} users in this window; answering 429")]
    public static partial void RateLimited(ILogger logger, string client, long users);

    [LoggerMessage(5001, LogLevel.Information, "Answering with fault {Kind}")]
    public static partial void FaultInjected(ILogger logger, FaultKind kind);
}
