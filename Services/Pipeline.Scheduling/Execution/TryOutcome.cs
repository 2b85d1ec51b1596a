using Pipeline.Sqlite;

namespace Pipeline.Scheduling.Execution;

internal enum TryOutcomeKind : byte
{
    Success,
    Skipped,
    Failed,
    Interrupted,
}

/// <summary>How one try ended.</summary>
/// <param name="Error">Of an interrupted try: what this scheduler lacks to run any. No fault of the task, and the end of the scheduler.</param>
internal readonly record struct TryOutcome(TryOutcomeKind Kind, Exception? Error = null, bool MayRetry = true, TimeSpan RetryAfter = default)
{
    public static TryOutcome Success => new(TryOutcomeKind.Success);

    public static TryOutcome Interrupted => new(TryOutcomeKind.Interrupted);

    public static TryOutcome From(Exception error) => error switch
    {
        DataDirectoryException => new(TryOutcomeKind.Interrupted, error),
        TaskSkippedException => new(TryOutcomeKind.Skipped, error),
        TaskFailedException or XComTooLargeException => new(TryOutcomeKind.Failed, error, MayRetry: false),
        TaskRetryException retry => new(TryOutcomeKind.Failed, error, RetryAfter: retry.RetryAfter),
        _ => new(TryOutcomeKind.Failed, error),
    };
}
