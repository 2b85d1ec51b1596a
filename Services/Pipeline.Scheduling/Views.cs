namespace Pipeline.Scheduling;

// What DagRuns answers with beside runs and task instances.

/// <summary>A DAG as the metadata database knows it, also when this process does not have its code.</summary>
public sealed record DagSummary
{
    public required string DagId { get; init; }

    public required string DisplayName { get; init; }

    public required string Description { get; init; }

    public required string TimetableSummary { get; init; }

    /// <summary>JSON, <c>{"all": […]}</c> or <c>{"any": […]}</c>; <see langword="null"/> when no asset starts it.</summary>
    public string? AssetExpression { get; init; }

    public DateTimeOffset? StartDate { get; init; }

    public DateTimeOffset? EndDate { get; init; }

    public bool Catchup { get; init; }

    public int MaxActiveRuns { get; init; }

    public int MaxActiveTasks { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public required IReadOnlyList<string> Owners { get; init; }

    public bool IsPaused { get; init; }

    /// <summary>No running process has it in its code.</summary>
    public bool IsStale { get; init; }

    public DateTimeOffset LastParsedAt { get; init; }

    /// <summary>The interval that was scheduled last.</summary>
    public DataInterval? LastInterval { get; init; }

    /// <summary>The interval that comes next; it is run after its end. Known where the DAG's code is.</summary>
    public DataInterval? NextInterval { get; init; }

    /// <summary>Counted from 1; 0 before a scheduler has seen it.</summary>
    public int LatestVersion { get; init; }
}

/// <summary>A DAG of the code that could not be built.</summary>
public sealed record ImportError(long Id, string Source, string Message, DateTimeOffset Timestamp);

/// <summary>A run with its task instances, in the order of the DAG.</summary>
public sealed record GridRun(DagRun Run, IReadOnlyList<TaskInstance> Tasks);

/// <summary>One line of the audit log.</summary>
public sealed record AuditEvent(
    long Id, DateTimeOffset When, string Event, string? DagId, string? RunId, string? TaskId, int? TryNumber, string Owner, string? Reason, string? Extra);

/// <summary>A pool and who takes its slots.</summary>
/// <param name="Slots">-1: no limit.</param>
public sealed record PoolUsage(string Name, int Slots, string? Description, int RunningSlots, int QueuedSlots, int ScheduledSlots)
{
    public int OccupiedSlots => RunningSlots;

    /// <summary>-1: no limit.</summary>
    public int OpenSlots => Slots < 0 ? -1 : Math.Max(0, Slots - RunningSlots);
}

/// <summary>A scheduler instance.</summary>
/// <param name="State"><c>running</c>, <c>success</c> (stopped) or <c>failed</c> (declared dead by another instance).</param>
public sealed record SchedulerJob(string Id, string State, string Hostname, int Pid, DateTimeOffset StartDate, DateTimeOffset? EndDate, DateTimeOffset LatestHeartbeat)
{
    internal long Beat { get; init; }

    internal long ProcessStart { get; init; }
}
