namespace Pipeline.Scheduling;

/// <summary>A plan of tasks and the edges between them; made and checked by <see cref="DagBuilder"/>. Immutable.</summary>
public sealed class Dag
{
    private readonly Dictionary<string, string[]> _upstream;
    private readonly Dictionary<string, string[]> _downstream;
    private readonly Dictionary<string, DagTask> _tasks;
    private readonly Dictionary<string, int> _priorities;

    internal Dag(DagBuilder builder, IReadOnlyList<DagTask> inTopologicalOrder, Dictionary<string, string[]> upstream)
    {
        Id = builder.Id;
        DisplayName = builder.DisplayName ?? builder.Id;
        Description = builder.Description;
        Tags = [.. builder.Tags];
        Timetable = builder.Timetable;
        StartDate = builder.StartDate;
        EndDate = builder.EndDate;
        Catchup = builder.Catchup;
        MaxActiveRuns = builder.MaxActiveRuns;
        MaxActiveTasks = builder.MaxActiveTasks;
        RunTimeout = builder.RunTimeout;
        Params = [.. builder.Params];
        Deadlines = [.. builder.Deadlines];
        IsPausedUponCreation = builder.IsPausedUponCreation;
        OnSuccess = builder.OnSuccess;
        OnFailure = builder.OnFailure;
        Tasks = inTopologicalOrder;
        _upstream = upstream;
        _downstream = inTopologicalOrder.ToDictionary(
            task => task.Id,
            task => inTopologicalOrder.Where(other => upstream[other.Id].Contains(task.Id)).Select(other => other.Id).ToArray(),
            StringComparer.Ordinal);
        _tasks = inTopologicalOrder.ToDictionary(task => task.Id, StringComparer.Ordinal);
        _priorities = inTopologicalOrder.ToDictionary(task => task.Id, PriorityOf, StringComparer.Ordinal);
        Leaves = [.. inTopologicalOrder.Where(task => _downstream[task.Id].Length == 0).Select(task => task.Id)];
        Structure = DagStructure.Of(this);
    }

    public string Id { get; }

    public string DisplayName { get; }

    public string Description { get; }

    public IReadOnlyList<string> Tags { get; }

    /// <summary>Whom to ask: the owners of its tasks.</summary>
    public IReadOnlyList<string> Owners => [.. Tasks.Select(task => task.Owner).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public Timetable Timetable { get; }

    /// <summary>No scheduled interval starts before it.</summary>
    public DateTimeOffset? StartDate { get; }

    /// <summary>No scheduled interval starts after it.</summary>
    public DateTimeOffset? EndDate { get; }

    /// <summary>Whether intervals missed while nothing ran are all run, or only the latest.</summary>
    public bool Catchup { get; }

    /// <summary>Runs of this DAG that may be under way at once; those of a backfill have the backfill's own limit.</summary>
    public int MaxActiveRuns { get; }

    /// <summary>Tries of one run that may be under way at once.</summary>
    public int MaxActiveTasks { get; }

    /// <summary>How long a run may take before it fails; <see langword="null"/>: as long as it likes.</summary>
    public TimeSpan? RunTimeout { get; }

    public IReadOnlyList<DagParam> Params { get; }

    public IReadOnlyList<Deadline> Deadlines { get; }

    /// <summary>Whether it waits for somebody to unpause it when it is seen for the first time.</summary>
    public bool IsPausedUponCreation { get; }

    public Func<DagCallbackContext, CancellationToken, Task>? OnSuccess { get; }

    public Func<DagCallbackContext, CancellationToken, Task>? OnFailure { get; }

    /// <summary>In topological order: every task after all of its upstream tasks.</summary>
    public IReadOnlyList<DagTask> Tasks { get; }

    /// <summary>Tasks that no other task waits for; they decide the state of the run.</summary>
    public IReadOnlyList<string> Leaves { get; }

    /// <summary>What makes a version of the DAG.</summary>
    internal DagStructure Structure { get; }

    public DagTask? FindTask(string taskId) => _tasks.GetValueOrDefault(taskId);

    public IReadOnlyList<string> Upstream(string taskId) => _upstream[taskId];

    public IReadOnlyList<string> Downstream(string taskId) => _downstream[taskId];

    /// <summary>The task's weight by its rule: the larger, the sooner it gets a slot.</summary>
    public int Priority(string taskId) => _priorities[taskId];

    /// <summary>These tasks, and all before or after them when asked for; in topological order.</summary>
    public IReadOnlyList<string> Reach(IEnumerable<string> taskIds, bool upstream, bool downstream)
    {
        var reached = taskIds.ToHashSet(StringComparer.Ordinal);
        var start = reached.ToArray();
        if (upstream)
        {
            Follow(start, _upstream, reached);
        }

        if (downstream)
        {
            Follow(start, _downstream, reached);
        }

        return [.. Tasks.Select(task => task.Id).Where(reached.Contains)];
    }

    /// <summary>The interval to schedule next; see <see cref="Timetable.Next"/>.</summary>
    public DataInterval? NextInterval(DataInterval? last, DateTimeOffset now)
        => Timetable.Next(last, now, new TimetableBounds(StartDate, Catchup, EndDate));

    private static void Follow(IEnumerable<string> from, Dictionary<string, string[]> edges, HashSet<string> reached)
    {
        var open = new Queue<string>(from);
        while (open.TryDequeue(out var taskId))
        {
            foreach (var next in edges[taskId].Where(reached.Add))
            {
                open.Enqueue(next);
            }
        }
    }

    private int PriorityOf(DagTask task)
    {
        var counted = task.WeightRule switch
        {
            WeightRule.Absolute => [task.Id],
            _ => Reach([task.Id], upstream: task.WeightRule == WeightRule.Upstream, downstream: task.WeightRule == WeightRule.Downstream),
        };
        return (int)Math.Clamp(counted.Sum(id => (long)_tasks[id].PriorityWeight), int.MinValue, int.MaxValue);
    }
}
