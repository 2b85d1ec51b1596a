namespace Pipeline.Scheduling;

/// <summary>A plan of tasks and the edges between them; made and checked by <see cref="DagBuilder"/>. Immutable.</summary>
public sealed class Dag
{
    private readonly Dictionary<string, string[]> _upstream;

    internal Dag(DagBuilder builder, IReadOnlyList<DagTask> inTopologicalOrder, Dictionary<string, string[]> upstream)
    {
        Id = builder.Id;
        Description = builder.Description;
        Timetable = builder.Timetable;
        StartDate = builder.StartDate;
        Catchup = builder.Catchup;
        MaxActiveRuns = builder.MaxActiveRuns;
        Tasks = inTopologicalOrder;
        _upstream = upstream;
        var inner = upstream.Values.SelectMany(ids => ids).ToHashSet(StringComparer.Ordinal);
        Leaves = [.. inTopologicalOrder.Where(task => !inner.Contains(task.Id)).Select(task => task.Id)];
    }

    public string Id { get; }

    public string Description { get; }

    public Timetable Timetable { get; }

    /// <summary>No scheduled interval starts before it.</summary>
    public DateTimeOffset? StartDate { get; }

    /// <summary>Whether intervals missed while nothing ran are all run, or only the latest.</summary>
    public bool Catchup { get; }

    /// <summary>Runs of this DAG that may be under way at once.</summary>
    public int MaxActiveRuns { get; }

    /// <summary>In topological order: every task after all of its upstream tasks.</summary>
    public IReadOnlyList<DagTask> Tasks { get; }

    /// <summary>Tasks that no other task waits for; they decide the state of the run.</summary>
    public IReadOnlyList<string> Leaves { get; }

    public IReadOnlyList<string> Upstream(string taskId) => _upstream[taskId];

    /// <summary>The interval to schedule next; see <see cref="Timetable.Next"/>.</summary>
    public DataInterval? NextInterval(DataInterval? last, DateTimeOffset now)
        => Timetable.Next(last, now, new TimetableBounds(StartDate, Catchup));
}
