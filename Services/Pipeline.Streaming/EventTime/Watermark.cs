namespace Pipeline.Streaming.EventTime;

/// <summary>
/// Progress of event time: no more records with an event time <em>before</em> <see cref="Value"/> are expected. A window
/// [start, end) is complete when the watermark is at or after its end.
/// </summary>
/// <param name="Value">Unix ms, UTC; <see cref="long.MinValue"/> before the first record.</param>
public readonly record struct Watermark(long Value) : IComparable<Watermark>
{
    /// <summary>Before the first record.</summary>
    public static Watermark None => new(long.MinValue);

    /// <summary>The end of the input: every window is complete.</summary>
    public static Watermark EndOfInput => new(long.MaxValue);

    public bool IsNone => Value == long.MinValue;

    public static bool operator <(Watermark left, Watermark right) => left.Value < right.Value;

    public static bool operator >(Watermark left, Watermark right) => left.Value > right.Value;

    public static bool operator <=(Watermark left, Watermark right) => left.Value <= right.Value;

    public static bool operator >=(Watermark left, Watermark right) => left.Value >= right.Value;

    public static Watermark Min(Watermark left, Watermark right) => left < right ? left : right;

    public int CompareTo(Watermark other) => Value.CompareTo(other.Value);

    /// <summary>Whether a window that ends at <paramref name="end"/> (Unix ms, exclusive) is complete.</summary>
    public bool HasPassed(long end) => Value >= end;
}
