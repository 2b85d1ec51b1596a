using System.Text.RegularExpressions;

namespace Pipeline.Scheduling;

/// <summary>Collects tasks and edges; <see cref="Build"/> checks them all and reports every fault at once.</summary>
public sealed partial class DagBuilder(string id)
{
    private readonly List<DagTask> _tasks = [];
    private readonly List<(string Upstream, string Downstream)> _edges = [];

    /// <summary>The settings of a DAG without its tasks.</summary>
    internal DagBuilder(Dag dag)
        : this(dag.Id)
    {
        DisplayName = dag.DisplayName;
        Description = dag.Description;
        Tags = dag.Tags;
        Timetable = dag.Timetable;
        StartDate = dag.StartDate;
        EndDate = dag.EndDate;
        Catchup = dag.Catchup;
        MaxActiveRuns = dag.MaxActiveRuns;
        MaxActiveTasks = dag.MaxActiveTasks;
        RunTimeout = dag.RunTimeout;
        Params = dag.Params;
        Deadlines = dag.Deadlines;
        IsPausedUponCreation = dag.IsPausedUponCreation;
        OnSuccess = dag.OnSuccess;
        OnFailure = dag.OnFailure;
    }

    public string Id { get; } = id;

    /// <summary>Default: the id.</summary>
    public string? DisplayName { get; set; }

    public string Description { get; set; } = "";

    public IReadOnlyList<string> Tags { get; set; } = [];

    /// <summary>Default: manual.</summary>
    public Timetable Timetable { get; set; } = Timetable.Manual;

    public DateTimeOffset? StartDate { get; set; }

    public DateTimeOffset? EndDate { get; set; }

    public bool Catchup { get; set; }

    /// <summary>Default: 16, as Airflow.</summary>
    public int MaxActiveRuns { get; set; } = 16;

    /// <summary>Default: 16 of each run, as Airflow.</summary>
    public int MaxActiveTasks { get; set; } = 16;

    public TimeSpan? RunTimeout { get; set; }

    public IReadOnlyList<DagParam> Params { get; set; } = [];

    public IReadOnlyList<Deadline> Deadlines { get; set; } = [];

    public bool IsPausedUponCreation { get; set; }

    /// <summary>Called when a run has ended well, or not. A callback that throws is logged and changes nothing.</summary>
    public Func<DagCallbackContext, CancellationToken, Task>? OnSuccess { get; set; }

    /// <inheritdoc cref="OnSuccess"/>
    public Func<DagCallbackContext, CancellationToken, Task>? OnFailure { get; set; }

    public DagBuilder Add(DagTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        _tasks.Add(task);
        return this;
    }

    /// <summary><paramref name="downstream"/> waits for <paramref name="upstream"/>.</summary>
    public DagBuilder Edge(string upstream, string downstream)
    {
        _edges.Add((upstream, downstream));
        return this;
    }

    /// <summary>Each task waits for the one before it.</summary>
    public DagBuilder Chain(params ReadOnlySpan<string> taskIds)
    {
        for (var i = 1; i < taskIds.Length; i++)
        {
            Edge(taskIds[i - 1], taskIds[i]);
        }

        return this;
    }

    /// <exception cref="DagException">The DAG is not valid; the message lists every fault.</exception>
    public Dag Build()
    {
        var errors = new List<string>();
        CheckSettings(errors);
        CheckTasks(errors);
        CheckEdges(errors);
        if (errors.Count > 0)
        {
            throw new DagException(Id, errors);
        }

        var upstream = _tasks.ToDictionary(
            task => task.Id,
            task => _edges.Where(edge => edge.Downstream == task.Id).Select(edge => edge.Upstream).Distinct(StringComparer.Ordinal).ToArray(),
            StringComparer.Ordinal);
        var ordered = TopologicalOrder(upstream, out var cycle);
        return cycle.Count == 0
            ? new Dag(this, ordered, upstream)
            : throw new DagException(Id, [$"The tasks {string.Join(", ", cycle.Select(taskId => $"'{taskId}'"))} wait for each other (a cycle)."]);
    }

    private void CheckSettings(List<string> errors)
    {
        if (!IdPattern().IsMatch(Id))
        {
            errors.Add($"The DAG id '{Id}' must be 1 to 250 letters, digits, '_', '-' or '.'.");
        }

        if (MaxActiveRuns < 1)
        {
            errors.Add($"{nameof(MaxActiveRuns)} must be at least 1; it is {MaxActiveRuns}.");
        }

        if (MaxActiveTasks < 1)
        {
            errors.Add($"{nameof(MaxActiveTasks)} must be at least 1; it is {MaxActiveTasks}.");
        }

        if (RunTimeout <= TimeSpan.Zero)
        {
            errors.Add($"{nameof(RunTimeout)} must be more than zero; it is {RunTimeout}.");
        }

        if (EndDate < StartDate)
        {
            errors.Add($"{nameof(EndDate)} ({EndDate:O}) is before {nameof(StartDate)} ({StartDate:O}).");
        }

        if (Timetable == Timetable.Continuous && MaxActiveRuns != 1)
        {
            errors.Add($"A continuous DAG has one run at a time: {nameof(MaxActiveRuns)} must be 1; it is {MaxActiveRuns}.");
        }

        CheckParams(errors);
        foreach (var name in Deadlines.GroupBy(deadline => deadline.Name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key))
        {
            errors.Add($"The deadline '{name}' is there twice.");
        }

        if (Catchup && StartDate is null)
        {
            errors.Add($"{nameof(Catchup)} needs a {nameof(StartDate)} to catch up from.");
        }

        if (_tasks.Count == 0)
        {
            errors.Add("The DAG has no task.");
        }
    }

    private void CheckParams(List<string> errors)
    {
        foreach (var name in Params.GroupBy(param => param.Name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key))
        {
            errors.Add($"The param '{name}' is there twice.");
        }

        errors.AddRange(Params.SelectMany(param => param.CheckDefinition()));
        if (Timetable != Timetable.Manual)
        {
            errors.AddRange(Params.Where(param => param.DefaultJson is null).Select(param => $"The param '{param.Name}' needs a default: nobody sets it in a scheduled run."));
        }
    }

    private void CheckTasks(List<string> errors)
    {
        foreach (var duplicate in _tasks.GroupBy(task => task.Id, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            errors.Add($"The task id '{duplicate.Key}' is used {duplicate.Count()} times.");
        }

        foreach (var task in _tasks)
        {
            if (!IdPattern().IsMatch(task.Id))
            {
                errors.Add($"The task id '{task.Id}' must be 1 to 250 letters, digits, '_', '-' or '.'.");
            }

            if (task.Retries < 0)
            {
                errors.Add($"Task '{task.Id}': {nameof(task.Retries)} must not be negative; it is {task.Retries}.");
            }

            if (task.Timeout <= TimeSpan.Zero)
            {
                errors.Add($"Task '{task.Id}': {nameof(task.Timeout)} must be more than zero; it is {task.Timeout}.");
            }

            if (task.PoolSlots < 1)
            {
                errors.Add($"Task '{task.Id}': {nameof(task.PoolSlots)} must be at least 1; it is {task.PoolSlots}.");
            }

            if (task.RetryDelay.First < TimeSpan.Zero || task.RetryDelay.Max < task.RetryDelay.First)
            {
                errors.Add($"Task '{task.Id}': {nameof(task.RetryDelay)} must have 0 <= {nameof(RetryDelay.First)} <= {nameof(RetryDelay.Max)}; it is {task.RetryDelay}.");
            }
        }
    }

    private void CheckEdges(List<string> errors)
    {
        var known = _tasks.Select(task => task.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var (upstream, downstream) in _edges)
        {
            foreach (var unknown in new[] { upstream, downstream }.Where(taskId => !known.Contains(taskId)))
            {
                errors.Add($"The edge '{upstream}' -> '{downstream}' names the unknown task '{unknown}'.");
            }
        }
    }

    private List<DagTask> TopologicalOrder(Dictionary<string, string[]> upstream, out IReadOnlyList<string> cycle)
    {
        var ordered = new List<DagTask>(_tasks.Count);
        var placed = new HashSet<string>(StringComparer.Ordinal);
        var rest = new List<DagTask>(_tasks);
        while (rest.Count > 0)
        {
            // The first placeable one in the order of Add, so that the order is the same every time.
            var next = rest.Find(task => Array.TrueForAll(upstream[task.Id], placed.Contains));
            if (next is null)
            {
                break;
            }

            rest.Remove(next);
            ordered.Add(next);
            placed.Add(next.Id);
        }

        // What is left contains the cycle and what hangs on it; peel the latter off to name only the culprits.
        while (rest.Find(task => !rest.Exists(other => upstream[other.Id].Contains(task.Id))) is { } hanging)
        {
            rest.Remove(hanging);
        }

        cycle = [.. rest.Select(task => task.Id)];
        return ordered;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_.-]{1,250}\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdPattern();
}
