using Microsoft.Extensions.Logging;

namespace Pipeline.Streaming.Processing;

/// <summary>Log messages of the engine: event ids 1200 to 1299.</summary>
internal static partial class Log
{
    [LoggerMessage(1200, LogLevel.Information, "{Partition}: opened at offset {Offset}, results stored up to {StoredUntil}, in {Milliseconds:F0} ms")]
    public static partial void TaskOpened(ILogger logger, TopicPartition partition, long offset, long storedUntil, double milliseconds);

    [LoggerMessage(1201, LogLevel.Error, "{Partition}: retention removed {Count} offsets before they were processed ({From} to {To})")]
    public static partial void RecordsExpired(ILogger logger, TopicPartition partition, long count, long from, long to);

    [LoggerMessage(1202, LogLevel.Warning, "{Partition}: checkpoint {Sequence} can't be used, the one before is tried: {Reason}")]
    public static partial void CheckpointUnusable(ILogger logger, TopicPartition partition, long sequence, string reason);

    [LoggerMessage(1203, LogLevel.Warning, "{Partition}: checkpoint {Sequence} at offset {Offset} is ahead of the results, which end at {StoredUntil}; an older one is tried, so that nothing is missing")]
    public static partial void CheckpointAhead(ILogger logger, TopicPartition partition, long sequence, long offset, long storedUntil);

    [LoggerMessage(1204, LogLevel.Warning, "{Partition}: could not {What} at offset {Offset} (attempt {Attempt}), next attempt in {Milliseconds:F0} ms: {Reason}")]
    public static partial void EffectRetried(ILogger logger, TopicPartition partition, string what, long offset, int attempt, double milliseconds, string reason);

    [LoggerMessage(1205, LogLevel.Warning, "{Partition}: the checkpoint is of an older version of this program; the state is made anew from the log, offset {From} up to {StoredUntil}, and no record is stored a second time: {Reason}")]
    public static partial void StateMadeAnew(ILogger logger, TopicPartition partition, long from, long storedUntil, string reason);

    [LoggerMessage(1206, LogLevel.Error, "{Table}: retention removed records of the table before they were read (offset {From} to {To}); what they said is missing in the join")]
    public static partial void TableRecordsExpired(ILogger logger, TopicPartition table, long from, long to);

    [LoggerMessage(1210, LogLevel.Information, "Assigned: {Partitions}")]
    public static partial void Assigned(ILogger logger, string partitions);

    [LoggerMessage(1211, LogLevel.Information, "Revoked: {Partitions}")]
    public static partial void Revoked(ILogger logger, string partitions);

    [LoggerMessage(1212, LogLevel.Warning, "Lost: {Partitions}; their state is dropped and nothing is committed")]
    public static partial void Lost(ILogger logger, string partitions);

    [LoggerMessage(1213, LogLevel.Warning, "{Partition}: another writer took over at offset {Offset}, its state is dropped here: {Reason}")]
    public static partial void Fenced(ILogger logger, TopicPartition partition, long offset, string reason);

    [LoggerMessage(1214, LogLevel.Warning, "{Partition}: not drained within {Seconds:F0} s, at offset {Offset}; what is missing will be processed again from the last checkpoint")]
    public static partial void DrainTimedOut(ILogger logger, TopicPartition partition, double seconds, long offset);

    [LoggerMessage(1215, LogLevel.Error, "{Partition}: processing failed at offset {Offset}; the worker stops")]
    public static partial void TaskFailed(ILogger logger, Exception exception, TopicPartition partition, long offset);

    [LoggerMessage(1216, LogLevel.Warning, "The log could not be read (attempt {Attempt}), next attempt in {Milliseconds:F0} ms: {Reason}")]
    public static partial void ReadRetried(ILogger logger, int attempt, double milliseconds, string reason);
}
