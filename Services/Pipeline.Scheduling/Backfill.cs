namespace Pipeline.Scheduling;

/// <summary>Runs of a DAG for the intervals of a time that has passed.</summary>
public sealed record Backfill
{
    public required long Id { get; init; }

    public required string DagId { get; init; }

    /// <summary>The first logical date.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>The last logical date, inclusive.</summary>
    public required DateTimeOffset To { get; init; }

    public string? Conf { get; init; }

    /// <summary>No further runs of it start.</summary>
    public bool IsPaused { get; init; }

    public bool RunBackwards { get; init; }

    public ReprocessBehavior Reprocess { get; init; }

    /// <summary>Runs of it that may be under way at once.</summary>
    public int MaxActiveRuns { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When its last run ended, or it was cancelled.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    public required BackfillProgress Progress { get; init; }
}

/// <summary>How far a backfill is.</summary>
/// <param name="Total">Intervals it was asked for; the others add up to it.</param>
/// <param name="Skipped">Intervals that it left to the runs they have.</param>
public sealed record BackfillProgress(int Total, int Skipped, int Queued, int Running, int Success, int Failed);

/// <summary>What a backfill does with an interval that has a run already.</summary>
public enum ReprocessBehavior : byte
{
    /// <summary>Leaves it.</summary>
    None,

    /// <summary>Runs it again if it failed.</summary>
    Failed,

    /// <summary>Runs it again if it has ended.</summary>
    Completed,
}

public sealed record BackfillRequest
{
    public required string DagId { get; init; }

    /// <summary>Logical dates from here …</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>… to here, both inclusive.</summary>
    public required DateTimeOffset To { get; init; }

    public string? Conf { get; init; }

    public bool RunBackwards { get; init; }

    public ReprocessBehavior Reprocess { get; init; }

    /// <summary>Default: 10, as Airflow.</summary>
    public int MaxActiveRuns { get; init; } = 10;
}

/// <summary>What a backfill would do, in its order.</summary>
public sealed record BackfillPlan(IReadOnlyList<BackfillItem> Items);

/// <summary>One interval of a backfill.</summary>
/// <param name="RunId">The run that it makes or runs again; <see langword="null"/> when it does neither.</param>
/// <param name="Skipped">Why not: <c>already exists</c>, <c>in flight</c>.</param>
public sealed record BackfillItem(DataInterval DataInterval, string? RunId, string? Skipped)
{
    public DateTimeOffset LogicalDate => DataInterval.Start;
}
