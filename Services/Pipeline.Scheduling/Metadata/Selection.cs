namespace Pipeline.Scheduling.Metadata;

/// <summary>Task instances of one run that an operation is about, with the DAG in the run's version.</summary>
internal sealed record RunSelection(DagRun Run, Dag Dag, IReadOnlyList<TaskInstance> Tasks);

/// <summary>Finds what an operation is about.</summary>
internal static class Selection
{
    /// <summary>A larger range is several operations: one transaction holds the database for no longer than that.</summary>
    public const int MaxRuns = 2_000;

    public static IReadOnlyList<RunSelection> ToClear(MetadataSession session, DagCatalog catalog, ClearRequest request, bool lockThem)
    {
        if (request.RunIds.Count == 0 && request.LogicalDate is { From: null, To: null })
        {
            throw DagOperationException.Invalid("Name the runs to clear, or a range of logical dates.");
        }

        var runs = request.RunIds.Count > 0
            ? [.. request.RunIds.Distinct(StringComparer.Ordinal).Select(runId => FindRun(session, request.DagId, runId, lockThem))]
            : ListRuns(session, request.DagId, "logical_date >= @from AND logical_date <= @to", request.LogicalDate, lockThem);
        return [.. runs.Select(run => Select(session, catalog, run, request.TaskIds, request.IncludeUpstream, request.IncludeDownstream, lockThem, task => IsToClear(task, request)))];
    }

    public static IReadOnlyList<RunSelection> ToMark(MetadataSession session, DagCatalog catalog, MarkTasksRequest request, bool lockThem)
    {
        if (request.State is not (TaskInstanceState.Success or TaskInstanceState.Failed or TaskInstanceState.Skipped))
        {
            throw DagOperationException.Invalid($"A task instance can be marked as success, failed or skipped, not as {request.State.ToWireName()}.");
        }

        if (request.TaskIds.Count == 0)
        {
            throw DagOperationException.Invalid("Name the tasks to mark.");
        }

        var run = FindRun(session, request.DagId, request.RunId, lockThem);
        var runs = new List<DagRun> { run };
        if (request.IncludePast)
        {
            runs.AddRange(ListRuns(session, request.DagId, "logical_date < @to", new TimeRange(null, run.LogicalDate), lockThem));
        }

        if (request.IncludeFuture)
        {
            runs.AddRange(ListRuns(session, request.DagId, "logical_date > @from", new TimeRange(run.LogicalDate, null), lockThem));
        }

        var happened = RunMarking.EventOf(request.State);
        return [.. runs.Select(each => Select(
            session, catalog, each, request.TaskIds, request.IncludeUpstream, request.IncludeDownstream, lockThem, task => TaskInstanceTransitions.Next(task.State, happened) is not null))];
    }

    private static bool IsToClear(TaskInstance task, ClearRequest request)
        => task.State != TaskInstanceState.None
            && (!request.OnlyFailed || task.State is TaskInstanceState.Failed or TaskInstanceState.UpstreamFailed)
            && (!request.OnlyRunning || task.State == TaskInstanceState.Running);

    private static RunSelection Select(
        MetadataSession session, DagCatalog catalog, DagRun run, IReadOnlyList<string> taskIds, bool upstream, bool downstream, bool lockThem, Func<TaskInstance, bool> isMeant)
    {
        var dag = Structures.Find(session, catalog, run.DagId, run.DagVersionId) ?? throw DagOperationException.NoDag(run.DagId);
        foreach (var unknown in taskIds.Where(taskId => dag.FindTask(taskId) is null))
        {
            throw new DagOperationException(DagOperationFault.NotFound, $"The DAG '{run.DagId}' has no task '{unknown}'.");
        }

        var reached = taskIds.Count == 0 ? null : dag.Reach(taskIds, upstream, downstream).ToHashSet(StringComparer.Ordinal);
        var order = dag.Tasks.Select(task => task.Id).ToList();
        return new RunSelection(run, dag, [.. TaskInstanceTable.List(session, run.DagId, run.RunId, lockThem)
            .Where(task => (reached is null || reached.Contains(task.TaskId)) && isMeant(task))
            .OrderBy(task => order.IndexOf(task.TaskId))]);
    }

    private static DagRun FindRun(MetadataSession session, string dagId, string runId, bool lockIt)
        => DagRunTable.FindRow(session, dagId, runId, lockIt)?.ToModel() ?? throw DagOperationException.NoRun(dagId, runId);

    private static IReadOnlyList<DagRun> ListRuns(MetadataSession session, string dagId, string condition, TimeRange range, bool lockThem)
    {
        var rows = session.Query<DagRunRow>(
            $"""
            SELECT {DagRunRow.Columns} FROM dag_run WHERE dag_id = @dagId AND {condition}
            ORDER BY logical_date, id LIMIT {MaxRuns + 1} {(lockThem ? session.Dialect.ForUpdate : "")}
            """,
            new { dagId, from = range.From.ToMs() ?? long.MinValue, to = range.To.ToMs() ?? long.MaxValue });
        return rows.Count <= MaxRuns
            ? [.. rows.Select(row => row.ToModel())]
            : throw DagOperationException.Invalid($"The range has more than {MaxRuns} runs; take it in parts.");
    }
}
