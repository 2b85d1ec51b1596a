namespace Pipeline.Streaming.Windowing;

/// <summary>
/// Sessions: events of one key that follow each other within an inactivity gap. An event in between two sessions bridges them:
/// with a gap of 10, events at 0 and 20 are two sessions, and one at 10 makes them the one session [0, 20]. A session that would
/// become longer than the maximum length is cut.
/// </summary>
/// <remarks>
/// Where a session is cut must not depend on the order of its events, so it is cut between slices of time that are aligned to the Unix epoch,
/// each a 24th of the maximum length: a session takes the slices from that of its first event on, as many as fit. A cut session is
/// therefore between 23/24 and all of the maximum length, and none that is shorter is cut.
/// </remarks>
public sealed record SessionWindows
{
    private const int Slices = 24;

    private SessionWindows(long gap, long? maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(gap, 1);
        if (maxLength is { } length)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(length, Math.Max(gap, Slices), nameof(maxLength));
            Slice = TumblingWindows.OfSize(TimeSpan.FromMilliseconds(length / Slices));
        }

        Gap = gap;
        MaxLength = maxLength;
    }

    /// <summary>The longest silence inside a session, in milliseconds.</summary>
    public long Gap { get; }

    /// <summary>In milliseconds; null: a session lasts as long as there is no gap.</summary>
    public long? MaxLength { get; }

    /// <summary>Between what a session is cut; null when it never is.</summary>
    internal TumblingWindows? Slice { get; }

    public static SessionWindows WithGap(TimeSpan gap) => new((long)gap.TotalMilliseconds, maxLength: null);

    public SessionWindows WithMaxLength(TimeSpan length) => new(Gap, (long)length.TotalMilliseconds);

    public override string ToString() => MaxLength is { } length ? $"sessions, gap {Gap} ms, at most {length} ms" : $"sessions, gap {Gap} ms";
}
