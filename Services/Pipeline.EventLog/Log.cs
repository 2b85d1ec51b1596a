using Microsoft.Extensions.Logging;
using Pipeline.Streaming;

namespace Pipeline.EventLog;

/// <summary>Log messages of the event log; event ids 1500 to 1599.</summary>
internal static partial class Log
{
    [LoggerMessage(1500, LogLevel.Warning, "Waiting for the schema registry: {Reason}")]
    public static partial void WaitingForRegistry(ILogger logger, string reason);

    [LoggerMessage(1501, LogLevel.Warning, "{Partition} waits: its records name a schema that is not known here, and {Reason}")]
    public static partial void PartitionWaitsForRegistry(ILogger logger, TopicPartition partition, string reason);

    [LoggerMessage(1502, LogLevel.Information, "{Partition} goes on")]
    public static partial void PartitionGoesOn(ILogger logger, TopicPartition partition);
}
