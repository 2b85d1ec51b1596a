using Pipeline.Streaming.EventTime;

namespace Pipeline.Streaming.Windowing;

/// <summary>Where a record stands to its window.</summary>
public enum Lateness
{
    /// <summary>The window is still open.</summary>
    OnTime,

    /// <summary>The window was complete already, but within the allowed lateness: it is changed and emitted again.</summary>
    Late,

    /// <summary>The window is closed for good; the record is set aside, never dropped.</summary>
    TooLate,
}

/// <summary>How long after its completion a window takes late records.</summary>
public readonly record struct AllowedLateness(long Milliseconds)
{
    public static AllowedLateness Of(TimeSpan time) => new((long)time.TotalMilliseconds);

    public Lateness Classify(long windowEnd, Watermark watermark)
        => !watermark.HasPassed(windowEnd) ? Lateness.OnTime
            : IsClosed(windowEnd, watermark) ? Lateness.TooLate
            : Lateness.Late;

    /// <summary>Whether a window takes no more records: its end + the allowed lateness is at or before the watermark.</summary>
    public bool IsClosed(long windowEnd, Watermark watermark) => watermark.Value >= SaturatingAdd(windowEnd, Milliseconds);

    private static long SaturatingAdd(long value, long more) => value > long.MaxValue - more ? long.MaxValue : value + more;
}
