namespace Pipeline.Scheduling;

/// <summary>One execution of a DAG. Immutable; <see cref="Apply"/> gives the next one.</summary>
public sealed record DagRun
{
    /// <summary>Of the metadata database; grows with every run, 0 before it is stored.</summary>
    public long Id { get; init; }

    public required string DagId { get; init; }

    public required string RunId { get; init; }

    public required DagRunType Type { get; init; }

    public required DataInterval DataInterval { get; init; }

    public DagRunState State { get; init; }

    public required DateTimeOffset QueuedAt { get; init; }

    /// <summary>When it was due: the end of the data interval of a scheduled run, the trigger of another.</summary>
    public required DateTimeOffset RunAfter { get; init; }

    public DateTimeOffset? StartDate { get; init; }

    public DateTimeOffset? EndDate { get; init; }

    /// <summary>What the trigger handed in, a JSON object; <see langword="null"/> when nothing.</summary>
    public string? Conf { get; init; }

    public string? Note { get; init; }

    public required TriggeredBy TriggeredBy { get; init; }

    public string? TriggeringUser { get; init; }

    public long? BackfillId { get; init; }

    /// <summary>The version of the DAG that it began with.</summary>
    public long? DagVersionId { get; init; }

    public int? DagVersion { get; init; }

    /// <summary>The scheduler instance that runs it.</summary>
    public string? ClaimedBy { get; init; }

    /// <summary>W3C trace context of the run, so that a run resumed by another process stays in its trace.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Start of the data interval.</summary>
    public DateTimeOffset LogicalDate => DataInterval.Start;

    /// <exception cref="InvalidOperationException">The event is refused in this state.</exception>
    public DagRun Apply(DagRunEvent happened, DateTimeOffset now)
    {
        var next = DagRunTransitions.Next(State, happened)
            ?? throw new InvalidOperationException($"DAG run {DagId}/{RunId} is {State.ToWireName()}; {happened} is refused.");
        return this with
        {
            State = next,
            QueuedAt = next == DagRunState.Queued ? now : QueuedAt,
            StartDate = happened == DagRunEvent.Start ? now : next == DagRunState.Queued ? null : StartDate,
            EndDate = next.IsFinished() ? now : null,
        };
    }

    internal static DagRun Scheduled(Dag dag, DataInterval interval, DateTimeOffset now) => new()
    {
        DagId = dag.Id,
        RunId = Scheduling.RunId.For(DagRunType.Scheduled, interval.Start),
        Type = DagRunType.Scheduled,
        DataInterval = interval,
        QueuedAt = now,
        RunAfter = interval.End,
        TriggeredBy = TriggeredBy.Timetable,
    };
}
