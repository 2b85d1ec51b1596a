namespace Pipeline.Streaming.Windowing;

/// <summary>A span of event time [Start, End), Unix ms, UTC.</summary>
public readonly record struct TimeWindow(long Start, long End)
{
    public long Length => End - Start;

    public bool Contains(long time) => time >= Start && time < End;

    public bool Overlaps(TimeWindow other) => Start < other.End && other.Start < End;

    /// <summary>The smallest window that covers both.</summary>
    public TimeWindow Merge(TimeWindow other) => new(Math.Min(Start, other.Start), Math.Max(End, other.End));
}
