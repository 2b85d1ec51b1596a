using System.Collections.Concurrent;

namespace Pipeline.Streaming.State;

/// <summary>Checkpoints that last as long as the process: tests, and runs whose log lasts no longer either.</summary>
public sealed class InMemoryCheckpointStore : ICheckpointStore
{
    private readonly ConcurrentDictionary<TopicPartition, SortedList<long, byte[]>> _partitions = new();

    public ValueTask SaveAsync(TopicPartition partition, long sequence, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var kept = _partitions.GetOrAdd(partition, _ => []);
        lock (kept)
        {
            kept[sequence] = bytes.ToArray();
            while (kept.Count > CheckpointRetention.Kept)
            {
                kept.RemoveAt(0);
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<long>> ListAsync(TopicPartition partition, CancellationToken cancellationToken)
    {
        if (!_partitions.TryGetValue(partition, out var kept))
        {
            return ValueTask.FromResult<IReadOnlyList<long>>([]);
        }

        lock (kept)
        {
            return ValueTask.FromResult<IReadOnlyList<long>>([.. kept.Keys.Reverse()]);
        }
    }

    public ValueTask<ReadOnlyMemory<byte>> LoadAsync(TopicPartition partition, long sequence, CancellationToken cancellationToken)
    {
        if (_partitions.TryGetValue(partition, out var kept))
        {
            lock (kept)
            {
                if (kept.TryGetValue(sequence, out var bytes))
                {
                    return ValueTask.FromResult<ReadOnlyMemory<byte>>(bytes);
                }
            }
        }

        throw new CheckpointException($"There is no checkpoint {sequence} of {partition}.", isTransient: false);
    }

    public ValueTask ClearAsync(TopicPartition partition, CancellationToken cancellationToken)
    {
        _partitions.TryRemove(partition, out _);
        return ValueTask.CompletedTask;
    }
}
