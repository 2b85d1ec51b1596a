namespace Pipeline.Streaming.State;

/// <summary>
/// Keeps the last checkpoints of each partition as bytes. Implementations: files, Cassandra, in memory. Safe for concurrent use on
/// different partitions.
/// </summary>
public interface ICheckpointStore
{
    /// <summary>Keeps a checkpoint; when it returns it survives a crash. The oldest ones beyond <see cref="CheckpointRetention.Kept"/> go.</summary>
    /// <exception cref="CheckpointException">Not kept; the ones before are untouched.</exception>
    ValueTask SaveAsync(TopicPartition partition, long sequence, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>The sequences of the checkpoints that are kept, newest first.</summary>
    ValueTask<IReadOnlyList<long>> ListAsync(TopicPartition partition, CancellationToken cancellationToken);

    ValueTask<ReadOnlyMemory<byte>> LoadAsync(TopicPartition partition, long sequence, CancellationToken cancellationToken);

    /// <summary>Forgets all checkpoints of a partition.</summary>
    ValueTask ClearAsync(TopicPartition partition, CancellationToken cancellationToken);
}

/// <summary>Opens the checkpoints of a consumer group; registered by a store that keeps them where every processor finds them.</summary>
public delegate ICheckpointStore CheckpointStoreFactory(string group);

/// <summary>How many checkpoints are kept.</summary>
public static class CheckpointRetention
{
    /// <summary>A damaged one falls back to the one before, twice.</summary>
    public const int Kept = 3;
}

/// <summary>A checkpoint could not be kept or fetched.</summary>
public sealed class CheckpointException(string message, bool isTransient, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Whether the same call can succeed later (a full disk may be emptied).</summary>
    public bool IsTransient { get; } = isTransient;
}
