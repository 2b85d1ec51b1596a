namespace Pipeline.Streaming.EventTime;

/// <summary>
/// The watermark of many partitions: the minimum over those that are not idle, and the last minimum when all are. It never
/// goes back: a partition that wakes up behind it is late, it doesn't pull the others back. Times are Unix ms. Not thread-safe.
/// </summary>
public sealed class PartitionWatermarks(TimeSpan idleTimeout)
{
    private readonly Dictionary<TopicPartition, State> _partitions = [];
    private Watermark _last = Watermark.None;

    /// <summary>A partition was assigned; until its first record it holds the minimum back for the idle timeout.</summary>
    public void Add(TopicPartition partition, long now) => _partitions[partition] = new State(Watermark.None, now);

    public void Remove(TopicPartition partition) => _partitions.Remove(partition);

    /// <summary>A partition's watermark after it has processed something at <paramref name="now"/>.</summary>
    public void Update(TopicPartition partition, Watermark watermark, long now)
    {
        var before = _partitions.TryGetValue(partition, out var state) ? state.Watermark : Watermark.None;
        _partitions[partition] = new State(watermark > before ? watermark : before, now);
    }

    public bool IsIdle(TopicPartition partition, long now)
        => _partitions.TryGetValue(partition, out var state) && IsIdle(state, now);

    /// <summary>The minimum over the partitions that have been active within the idle timeout.</summary>
    public Watermark Current(long now)
    {
        var minimum = Watermark.EndOfInput;
        var any = false;
        foreach (var state in _partitions.Values)
        {
            if (!IsIdle(state, now))
            {
                any = true;
                minimum = Watermark.Min(minimum, state.Watermark);
            }
        }

        if (any && minimum > _last)
        {
            _last = minimum;
        }

        return _last;
    }

    private bool IsIdle(State state, long now) => now - state.ActiveAt >= (long)idleTimeout.TotalMilliseconds;

    private readonly record struct State(Watermark Watermark, long ActiveAt);
}
