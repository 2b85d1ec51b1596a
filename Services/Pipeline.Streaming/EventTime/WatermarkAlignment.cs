namespace Pipeline.Streaming.EventTime;

/// <summary>
/// Says which partitions of a topic have run too far ahead of the slowest one and should not be read for a while, so that
/// they don't drift apart when one is slow. Only says what to <em>read</em>: results are the same with and without it.
/// Times are ms of a clock that never goes back. Not thread-safe.
/// </summary>
/// <remarks>
/// The slowest is looked for among the active partitions: those that have something left to process and whose watermark has moved
/// within the idle timeout. So nobody waits for a partition that is empty or full of records that move no watermark, and the
/// slowest active one is never held: something always goes on.
/// </remarks>
public sealed class WatermarkAlignment(TimeSpan maxDrift, TimeSpan idleTimeout)
{
    private readonly long _maxDrift = (long)maxDrift.TotalMilliseconds;
    private readonly long _idleTimeout = (long)idleTimeout.TotalMilliseconds;
    private readonly Dictionary<TopicPartition, State> _partitions = [];

    /// <param name="hasInput">Whether records are left that it has not processed.</param>
    public void Update(TopicPartition partition, Watermark watermark, bool hasInput, long now)
    {
        var known = _partitions.TryGetValue(partition, out var before);
        var moved = !known || watermark > before.Watermark || (hasInput && !before.HasInput);
        _partitions[partition] = new State(watermark, hasInput, moved ? now : before.MovedAt);
    }

    public void Remove(TopicPartition partition) => _partitions.Remove(partition);

    /// <summary>Whether a partition is further ahead of the slowest active one of its topic than allowed.</summary>
    public bool IsAhead(TopicPartition partition, long now)
    {
        if (!_partitions.TryGetValue(partition, out var state) || state.Watermark.IsNone)
        {
            return false;
        }

        foreach (var (other, slow) in _partitions)
        {
            if (other.Topic == partition.Topic
                && slow.HasInput
                && now - slow.MovedAt < _idleTimeout
                && slow.Watermark.Value < state.Watermark.Value - _maxDrift)
            {
                return true;
            }
        }

        return false;
    }

    private readonly record struct State(Watermark Watermark, bool HasInput, long MovedAt);
}
