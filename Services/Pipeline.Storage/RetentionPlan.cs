namespace Pipeline.Storage;

/// <summary>What is too old at an instant: rows before these times (Unix ms) go.</summary>
internal sealed record RetentionPlan(long Events, long Late, long DeadLetters, long Windows, long Sessions, long Quality)
{
    public static RetentionPlan At(DateTimeOffset now, StorageOptions options) => new(
        Before(now, options.EventsRetention),
        Before(now, options.LateRetention),
        Before(now, options.DeadLetterRetention),
        Before(now, options.WindowRetention),
        Before(now, options.SessionRetention),
        Before(now, options.QualityRetention));

    private static long Before(DateTimeOffset now, TimeSpan age) => now.ToUnixTimeMilliseconds() - (long)age.TotalMilliseconds;
}
