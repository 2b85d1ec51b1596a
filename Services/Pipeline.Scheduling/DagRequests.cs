namespace Pipeline.Scheduling;

// What DagOperations is asked to do.

public sealed record TriggerRequest
{
    /// <summary>Default: <c>manual__</c> and the time.</summary>
    public string? RunId { get; init; }

    /// <summary>Default: the start of the data interval, or now.</summary>
    public DateTimeOffset? LogicalDate { get; init; }

    /// <summary>What the run covers. Default: the instant of the logical date.</summary>
    public DataInterval? DataInterval { get; init; }

    /// <summary>A JSON object for the tasks, at most 64 KiB, that fits the DAG's params.</summary>
    public string? Conf { get; init; }

    public string? Note { get; init; }
}

public sealed record ClearRequest
{
    public required string DagId { get; init; }

    /// <summary>These runs; when empty, all whose logical date lies in <see cref="LogicalDate"/>.</summary>
    public IReadOnlyList<string> RunIds { get; init; } = [];

    /// <summary>Both ends are inclusive; at least one must be given when no run is named.</summary>
    public TimeRange LogicalDate { get; init; }

    /// <summary>These tasks; all when empty.</summary>
    public IReadOnlyList<string> TaskIds { get; init; } = [];

    public bool IncludeUpstream { get; init; }

    public bool IncludeDownstream { get; init; }

    /// <summary>Only what is <c>failed</c> or <c>upstream_failed</c>.</summary>
    public bool OnlyFailed { get; init; }

    /// <summary>Only what is <c>running</c>.</summary>
    public bool OnlyRunning { get; init; }

    /// <summary>Whether the run takes the latest version of the DAG instead of the one that it began with.</summary>
    public bool RunOnLatestVersion { get; init; }

    /// <summary>Only says what would be cleared.</summary>
    public bool DryRun { get; init; }
}

/// <summary>The task instances that were cleared, as they were before.</summary>
public sealed record ClearResult(IReadOnlyList<TaskInstance> TaskInstances);

public sealed record MarkTasksRequest
{
    public required string DagId { get; init; }

    public required string RunId { get; init; }

    public required IReadOnlyList<string> TaskIds { get; init; }

    /// <summary><c>success</c>, <c>failed</c> or <c>skipped</c>.</summary>
    public required TaskInstanceState State { get; init; }

    public bool IncludeUpstream { get; init; }

    public bool IncludeDownstream { get; init; }

    /// <summary>The same tasks in all earlier runs.</summary>
    public bool IncludePast { get; init; }

    /// <summary>The same tasks in all later runs.</summary>
    public bool IncludeFuture { get; init; }

    /// <summary>Only says what would be marked.</summary>
    public bool DryRun { get; init; }
}
