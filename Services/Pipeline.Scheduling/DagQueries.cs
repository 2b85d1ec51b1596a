namespace Pipeline.Scheduling;

// What DagRuns is asked. An empty list and a null mean "any". OrderBy is a field's name, with '-' before it for descending order.

public sealed record DagQuery
{
    /// <summary>Part of the id; <c>%</c> stands for anything.</summary>
    public string? DagIdPattern { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public IReadOnlyList<string> Owners { get; init; } = [];

    public bool? IsPaused { get; init; }

    public bool IncludeStale { get; init; }

    public DagRunState? LastRunState { get; init; }

    /// <summary><c>dag_id</c>, <c>dag_display_name</c>, <c>last_parsed_time</c>.</summary>
    public string OrderBy { get; init; } = "dag_id";

    public int Limit { get; init; } = 100;

    public int Offset { get; init; }
}

public sealed record DagRunQuery
{
    public string? DagId { get; init; }

    public IReadOnlyList<string> DagIds { get; init; } = [];

    /// <inheritdoc cref="RunIdPattern"/>
    public string? DagIdPattern { get; init; }

    /// <summary>Part of the id; <c>%</c> stands for anything.</summary>
    public string? RunIdPattern { get; init; }

    public IReadOnlyList<DagRunState> States { get; init; } = [];

    public IReadOnlyList<DagRunType> Types { get; init; } = [];

    /// <summary>Bounds are inclusive.</summary>
    public TimeRange LogicalDate { get; init; }

    public TimeRange RunAfter { get; init; }

    public TimeRange StartDate { get; init; }

    public TimeRange EndDate { get; init; }

    public long? BackfillId { get; init; }

    public string? TriggeringUser { get; init; }

    /// <inheritdoc cref="RunIdPattern"/>
    public string? TriggeringUserPattern { get; init; }

    /// <summary>Part of the conf's JSON text.</summary>
    public string? ConfContains { get; init; }

    /// <summary>Numbers of the version of its DAG that a run has; one that has not begun has none.</summary>
    public IReadOnlyList<int> VersionNumbers { get; init; } = [];

    /// <summary>How long finished runs took.</summary>
    public DurationRange Duration { get; init; }

    /// <summary>
    /// <c>id</c>, <c>dag_id</c>, <c>run_id</c>, <c>run_type</c>, <c>state</c>, <c>logical_date</c>, <c>run_after</c>, <c>queued_at</c>, <c>start_date</c>, <c>end_date</c>,
    /// <c>data_interval_start</c>, <c>data_interval_end</c>, <c>duration</c>; several with commas between them.
    /// </summary>
    public string OrderBy { get; init; } = "-logical_date";

    public int Limit { get; init; } = 100;

    public int Offset { get; init; }

    /// <summary>Goes on behind the run with this <see cref="DagRun.Id"/>; only with <see cref="OrderBy"/> <c>id</c> or <c>-id</c>.</summary>
    public long? After { get; init; }

    /// <summary>Whether the size of the whole list is wanted; it costs a count.</summary>
    public bool WithTotal { get; init; } = true;
}

public sealed record TaskInstanceQuery
{
    public string? DagId { get; init; }

    public string? RunId { get; init; }

    public string? TaskId { get; init; }

    public IReadOnlyList<string> DagIds { get; init; } = [];

    public IReadOnlyList<string> RunIds { get; init; } = [];

    public IReadOnlyList<string> TaskIds { get; init; } = [];

    /// <summary>Part of the id; <c>%</c> stands for anything.</summary>
    public string? DagIdPattern { get; init; }

    /// <inheritdoc cref="DagIdPattern"/>
    public string? RunIdPattern { get; init; }

    /// <inheritdoc cref="DagIdPattern"/>
    public string? TaskIdPattern { get; init; }

    /// <inheritdoc cref="DagIdPattern"/>
    public string? PoolPattern { get; init; }

    public IReadOnlyList<int> TryNumbers { get; init; } = [];

    /// <inheritdoc cref="DagRunQuery.VersionNumbers"/>
    public IReadOnlyList<int> VersionNumbers { get; init; } = [];

    /// <summary>How long the last try took, if it has ended.</summary>
    public DurationRange Duration { get; init; }

    public IReadOnlyList<TaskInstanceState> States { get; init; } = [];

    public IReadOnlyList<string> Pools { get; init; } = [];

    public TimeRange LogicalDate { get; init; }

    public TimeRange RunAfter { get; init; }

    public TimeRange StartDate { get; init; }

    public TimeRange EndDate { get; init; }

    /// <summary><c>id</c> (DAG, run and task), <c>task_id</c>, <c>run_id</c>, <c>dag_id</c>, <c>state</c>, <c>logical_date</c>, <c>run_after</c>, <c>start_date</c>, <c>end_date</c>, <c>try_number</c>, <c>duration</c>; several with commas between them.</summary>
    public string OrderBy { get; init; } = "id";

    public int Limit { get; init; } = 100;

    public int Offset { get; init; }
}

public sealed record AuditQuery
{
    public string? DagId { get; init; }

    public string? RunId { get; init; }

    public string? TaskId { get; init; }

    public string? Event { get; init; }

    public string? Owner { get; init; }

    public TimeRange When { get; init; }

    /// <summary><c>id</c>, <c>when</c>, <c>event</c>, <c>owner</c>, <c>dag_id</c>.</summary>
    public string OrderBy { get; init; } = "-id";

    public int Limit { get; init; } = 100;

    public int Offset { get; init; }
}

/// <summary>From and to, both inclusive; <see langword="null"/> is open.</summary>
public readonly record struct TimeRange(DateTimeOffset? From, DateTimeOffset? To);

/// <summary>From and to, both inclusive; <see langword="null"/> is open.</summary>
public readonly record struct DurationRange(TimeSpan? From, TimeSpan? To);
