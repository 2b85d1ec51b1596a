namespace Pipeline.Scheduling.Execution;

internal enum TryOutcomeKind : byte
{
    Success,
    Skipped,
    Failed,
    Interrupted,
}

/// <summary>How one try ended.</summary>
internal readonly record struct TryOutcome(TryOutcomeKind Kind, Exception? Error = null, bool MayRetry = true, TimeSpan RetryAfter = default)
{
    public static TryOutcome Success => new(TryOutcomeKind.Success);

    public static TryOutcome Interrupted => new(TryOutcomeKind.Interrupted);

    public static TryOutcome From(Exception error) => error switch
    {
        TaskSkippedException => new(TryOutcomeKind.Skipped, error),
        TaskFailedException or XComTooLargeException => new(TryOutcomeKind.Failed, error, MayRetry: false),
        TaskRetryException retry => new(TryOutcomeKind.Failed, error, RetryAfter: retry.RetryAfter),
        _ => new(TryOutcomeKind.Failed, error),
    };
}
