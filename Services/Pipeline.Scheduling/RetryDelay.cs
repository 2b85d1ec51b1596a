namespace Pipeline.Scheduling;

/// <summary>
/// Exponential backoff with equal jitter: try <c>n</c> waits between half of and all of <c>min(Max, First × 2^(n−1))</c>,
/// so that instances that failed together do not come back together.
/// </summary>
public sealed record RetryDelay(TimeSpan First, TimeSpan Max)
{
    public static RetryDelay Default { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));

    /// <param name="failedTry">The try that failed, counted from 1.</param>
    /// <param name="random">A number in [0, 1).</param>
    public TimeSpan After(int failedTry, double random)
    {
        // 2^40 times any delay of a tick or more is beyond every sensible cap, and shifting further would overflow.
        var factor = 1L << Math.Clamp(failedTry - 1, 0, 40);
        var full = Math.Min(Max.Ticks, First.Ticks * (double)factor);
        return TimeSpan.FromTicks((long)(full * (0.5 + (0.5 * random))));
    }
}
