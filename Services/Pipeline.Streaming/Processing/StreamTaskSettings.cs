using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Diagnostics;

namespace Pipeline.Streaming.Processing;

/// <summary>When a task makes its effects.</summary>
public sealed record StreamTaskSettings
{
    /// <summary>Rows that are gathered before they are written. Default: 5,000.</summary>
    public int FlushRows { get; init; } = 5_000;

    /// <summary>How long rows wait to be written: from one write to the next, and while more is left in the log, from the end of one. Default: 250 ms.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often windows that are still open are written, for live views; ten times less often while more is left in the log than was processed since. Default: 1 s.</summary>
    public TimeSpan EarlyInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a checkpoint is saved and the offset committed while records come. Default: 2 s.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>What traces call the log (<see cref="RecordLog.IRecordLog.MessagingSystem"/>). Default: the embedded log.</summary>
    public string MessagingSystem { get; init; } = SemanticConventions.SystemEmbedded;

    public ErrorPolicy Errors { get; init; } = ErrorPolicy.Default;

    /// <summary>For tests; see <see cref="EffectHook"/>.</summary>
    public EffectHook? OnEffect { get; init; }
}
