using System.Runtime.CompilerServices;

namespace Pipeline.Streaming.EventTime;

/// <summary>
/// The watermark of one partition under bounded out-of-orderness: newest event time − out-of-orderness. It never goes
/// back. A record that claims a time far in the future moves nothing; "the future" is judged against the record's
/// timestamp in the log and not against a clock, so that a replay computes the same watermarks.
/// </summary>
public struct WatermarkGenerator
{
    private readonly long _maxOutOfOrderness;
    private readonly long _maxFutureSkew;

    public WatermarkGenerator(TimeSpan maxOutOfOrderness, TimeSpan maxFutureSkew)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxOutOfOrderness, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxFutureSkew, TimeSpan.Zero);
        _maxOutOfOrderness = (long)maxOutOfOrderness.TotalMilliseconds;
        _maxFutureSkew = (long)maxFutureSkew.TotalMilliseconds;
        MaxEventTime = long.MinValue;
    }

    /// <summary>Newest event time that was believed, Unix ms; <see cref="long.MinValue"/> before the first record.</summary>
    public long MaxEventTime { get; private set; }

    public readonly Watermark Current => MaxEventTime == long.MinValue ? Watermark.None : new Watermark(MaxEventTime - _maxOutOfOrderness);

    /// <summary>Takes a record's times (Unix ms) into account.</summary>
    /// <returns>False when the event time is too far in the future to be believed.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Observe(long eventTime, long logTimestamp)
    {
        if (eventTime <= MaxEventTime)
        {
            return true;
        }

        if (eventTime - logTimestamp > _maxFutureSkew)
        {
            return false;
        }

        MaxEventTime = eventTime;
        return true;
    }

    /// <summary>Continues from a checkpoint.</summary>
    public void Restore(long maxEventTime) => MaxEventTime = maxEventTime;
}
