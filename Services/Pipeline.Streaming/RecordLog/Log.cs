using Microsoft.Extensions.Logging;

namespace Pipeline.Streaming.RecordLog;

/// <summary>Log messages of the record log; event ids 1000 to 1099.</summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Information, "Group {Group}: assigned {Partitions}")]
    public static partial void PartitionsAssigned(ILogger logger, string group, TopicPartition[] partitions);

    [LoggerMessage(1001, LogLevel.Information, "Group {Group}: giving up {Partitions}")]
    public static partial void PartitionsRevoked(ILogger logger, string group, TopicPartition[] partitions);

    [LoggerMessage(1002, LogLevel.Warning, "Group {Group}: lost {Partitions} to another member")]
    public static partial void PartitionsLost(ILogger logger, string group, TopicPartition[] partitions);

    [LoggerMessage(1003, LogLevel.Warning, "Group {Group}: member {Member} was thought dead because it did not read within the session timeout; joining again")]
    public static partial void MembershipLost(ILogger logger, string group, string member);

    [LoggerMessage(1004, LogLevel.Warning, "Group {Group}: member {Member} could not leave; its partitions move when its lease runs out")]
    public static partial void LeaveFailed(ILogger logger, string group, string member, Exception exception);

    [LoggerMessage(1005, LogLevel.Warning, "{Partition}: offset {Offset} was removed by retention before it was read; continuing at {Start}")]
    public static partial void ReadBelowStart(ILogger logger, TopicPartition partition, long offset, long start);

    [LoggerMessage(1006, LogLevel.Information, "Retention removed {Count} records")]
    public static partial void RetentionApplied(ILogger logger, long count);

    [LoggerMessage(1007, LogLevel.Warning, "Retention could not run; it is tried again later")]
    public static partial void RetentionFailed(ILogger logger, Exception exception);

    [LoggerMessage(1008, LogLevel.Warning, "Kafka ({Code}): {Reason}")]
    public static partial void KafkaError(ILogger logger, Confluent.Kafka.ErrorCode code, string reason);

    [LoggerMessage(1009, LogLevel.Debug, "Kafka client, {Facility}: {Message}")]
    public static partial void KafkaLog(ILogger logger, string facility, string message);

    [LoggerMessage(1010, LogLevel.Information, "Created topics {Topics}")]
    public static partial void TopicsCreated(ILogger logger, string[] topics);

    [LoggerMessage(1011, LogLevel.Warning, "Waiting for Kafka at {Servers}: {Reason}")]
    public static partial void WaitingForKafka(ILogger logger, string servers, string reason);

    [LoggerMessage(1012, LogLevel.Warning, "{Partition}: the Kafka client went back to offset {Offset} by itself; it reads on at {Expected}")]
    public static partial void ClientWentBack(ILogger logger, TopicPartition partition, long offset, long expected);
}
