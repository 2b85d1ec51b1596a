using Pipeline.Simulator.Faults;

namespace Pipeline.Simulator;

/// <summary>Log messages: the API 5000–5099, the activity generator 5100–5199.</summary>
internal static partial class Log
{
    [LoggerMessage(5000, LogLevel.Information, "Client {Client} has had {Users} users in this window; answering 429")]
    public static partial void RateLimited(ILogger logger, string client, long users);

    [LoggerMessage(5001, LogLevel.Information, "Answering with fault {Kind}")]
    public static partial void FaultInjected(ILogger logger, FaultKind kind);

    [LoggerMessage(5100, LogLevel.Information, "Generating activity of {Users} users, {EventsPerSecond} events/s")]
    public static partial void ActivityStarted(ILogger logger, int users, double eventsPerSecond);

    [LoggerMessage(5101, LogLevel.Information, "Activity of the last {Silence} is left out")]
    public static partial void ActivitySkipped(ILogger logger, TimeSpan silence);

    [LoggerMessage(5102, LogLevel.Warning, "The record log refused for now; trying again in {Delay}")]
    public static partial void ActivityRetries(ILogger logger, Exception exception, TimeSpan delay);

    [LoggerMessage(5103, LogLevel.Warning, "New users could not be looked for; the next look follows soon")]
    public static partial void UsersNotRead(ILogger logger, Exception exception);
}
