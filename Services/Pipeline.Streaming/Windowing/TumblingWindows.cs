using System.Runtime.CompilerServices;

namespace Pipeline.Streaming.Windowing;

/// <summary>Fixed windows without gaps or overlap, aligned to the Unix epoch.</summary>
public sealed record TumblingWindows
{
    private TumblingWindows(TimeSpan size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, TimeSpan.FromMilliseconds(1));
        Size = (long)size.TotalMilliseconds;
    }

    public static TumblingWindows OfMinutes { get; } = new(TimeSpan.FromMinutes(1));

    public static TumblingWindows OfHours { get; } = new(TimeSpan.FromHours(1));

    /// <summary>Length in milliseconds.</summary>
    public long Size { get; }

    public static TumblingWindows OfSize(TimeSpan size) => new(size);

    /// <summary>Start of the window that contains a time; right for times before 1970 too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long StartOf(long time)
    {
        var remainder = time % Size;
        return time - remainder - (remainder < 0 ? Size : 0);
    }

    public TimeWindow WindowOf(long time)
    {
        var start = StartOf(time);
        return new TimeWindow(start, start + Size);
    }

    public override string ToString() => $"tumbling {Size} ms";
}
