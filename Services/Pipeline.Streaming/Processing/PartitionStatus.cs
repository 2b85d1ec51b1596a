namespace Pipeline.Streaming.Processing;

/// <summary>What a partition's task is doing.</summary>
public enum TaskState
{
    /// <summary>Taking the partition over and restoring its state.</summary>
    Opening,
    Running,

    /// <summary>Its queue is full: reading is paused until it has caught up.</summary>
    BackPressured,

    /// <summary>It ran ahead of a slower partition of its topic: reading is paused until that one has caught up.</summary>
    Held,

    /// <summary>Another writer took the partition over.</summary>
    Fenced,
    Stopped,

    /// <summary>A fault of ours; the worker stops.</summary>
    Failed,
}

/// <summary>A partition as seen from outside, at one moment.</summary>
/// <param name="HighWatermark">End of the partition when it was read last.</param>
/// <param name="QueueDepth">Batches that wait to be processed.</param>
/// <param name="StateEntries">Entries in the state of all steps.</param>
/// <param name="Times">Where the task's time went since it began.</param>
/// <param name="RecentTimes">The same over the last seconds.</param>
public sealed record PartitionStatus(
    TopicPartition TopicPartition,
    TaskState State,
    TaskProgress Progress,
    long HighWatermark,
    int QueueDepth,
    long StateEntries,
    TimeSpan SinceCheckpoint,
    TaskTimes Times,
    TaskTimes RecentTimes,
    TopologyStatus Topology)
{
    /// <summary>Records that are in the log and not yet processed.</summary>
    public long Lag => Math.Max(0, HighWatermark - Progress.NextOffset);
}
