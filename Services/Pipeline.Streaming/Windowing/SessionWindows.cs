namespace Pipeline.Streaming.Windowing;

/// <summary>
/// Sessions: events of one key that follow each other within an inactivity gap. An event in between two sessions bridges them:
/// with a gap of 10, events at 0 and 20 are two sessions, and one at 10 makes them the one session [0, 20].
/// </summary>
public sealed record SessionWindows
{
    private SessionWindows(long gap)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(gap, 1);
        Gap = gap;
    }

    /// <summary>The longest silence inside a session, in milliseconds.</summary>
    public long Gap { get; }

    public static SessionWindows WithGap(TimeSpan gap) => new((long)gap.TotalMilliseconds);

    public override string ToString() => $"sessions, gap {Gap} ms";
}
