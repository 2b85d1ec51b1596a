namespace Pipeline.Scheduling;

/// <summary>One execution of a DAG. Immutable; <see cref="Apply"/> gives the next one.</summary>
public sealed record DagRun
{
    public required string DagId { get; init; }

    public required string RunId { get; init; }

    public required DagRunType Type { get; init; }

    public required DataInterval DataInterval { get; init; }

    public DagRunState State { get; init; }

    public required DateTimeOffset QueuedAt { get; init; }

    public DateTimeOffset? StartDate { get; init; }

    public DateTimeOffset? EndDate { get; init; }

    /// <summary>What the trigger handed in, a JSON object; <see langword="null"/> when nothing.</summary>
    public string? Conf { get; init; }

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
            StartDate = happened == DagRunEvent.Start ? now : StartDate,
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
    };
}
