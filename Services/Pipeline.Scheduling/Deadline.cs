namespace Pipeline.Scheduling;

/// <summary>By when a run of a DAG has to be done. One that is not is recorded, counted and told to the callback; it is not stopped.</summary>
/// <param name="Name">Unique within the DAG.</param>
/// <param name="Reference">From when the time counts.</param>
public sealed record Deadline(string Name, DeadlineReference Reference, TimeSpan After)
{
    /// <summary>Called once by the scheduler that finds the deadline missed; at most once, also when that scheduler dies meanwhile.</summary>
    public Func<DagCallbackContext, CancellationToken, Task>? OnMissed { get; init; }

    internal DateTimeOffset For(DagRun run) => (Reference == DeadlineReference.QueuedAt ? run.QueuedAt : run.RunAfter) + After;
}

public enum DeadlineReference : byte
{
    /// <summary>The time at which the run was due: the end of its data interval.</summary>
    RunAfter,

    /// <summary>The time at which the run was created.</summary>
    QueuedAt,
}

/// <summary>A deadline of one run.</summary>
public sealed record DeadlineStatus(string DagId, string RunId, string Name, DateTimeOffset Time, DateTimeOffset? MissedAt);
