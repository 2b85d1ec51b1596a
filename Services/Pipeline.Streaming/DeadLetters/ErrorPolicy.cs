using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.DeadLetters;

/// <summary>What to do about a failure.</summary>
public enum ErrorAction
{
    /// <summary>Try again after a while, for ever: an outage is back-pressure, never a dead letter.</summary>
    Retry,

    /// <summary>Set the record aside and go on.</summary>
    DeadLetter,

    /// <summary>Stop loudly: going on would lose something or hide a fault of ours.</summary>
    Fail,
}

/// <summary>Maps failures to actions, and says how long to wait between attempts.</summary>
public sealed record ErrorPolicy
{
    public static ErrorPolicy Default { get; } = new();

    /// <summary>What happens to a record that a step rejects. Default: dead letter. <see cref="ErrorAction.Fail"/> stops at the first one.</summary>
    public ErrorAction RejectedRecord { get; init; } = ErrorAction.DeadLetter;

    /// <summary>Which exceptions of the log, the store and the checkpoints can pass by themselves.</summary>
    public Func<Exception, ErrorAction> OnException { get; init; } = Classify;

    /// <summary>First pause before another attempt. Default: 100 ms; doubles from attempt to attempt.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause. Default: 5 s.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(5);

    public static ErrorAction Classify(Exception exception) => exception switch
    {
        RecordLogException { IsTransient: true } => ErrorAction.Retry,
        CheckpointException { IsTransient: true } => ErrorAction.Retry,
        _ => ErrorAction.Fail,
    };

    /// <summary>The pause after an attempt (1, 2, …): exponential, with a quarter of jitter so that partitions don't knock in step.</summary>
    internal TimeSpan PauseAfter(int attempt)
    {
        var full = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 20)));
        return TimeSpan.FromMilliseconds(full * (1 - (0.25 * Random.Shared.NextDouble())));
    }
}
