namespace Pipeline.Scheduling.Metadata;

/// <summary>Lists of runs and of task instances.</summary>
internal static class RunQueries
{
    private static readonly IReadOnlyDictionary<string, string> RunOrder = Filter.Columns(
        "dag_run", "id", "dag_id", "run_id", "run_type", "state", "logical_date", "run_after", "queued_at", "start_date", "end_date", "data_interval_start", "data_interval_end");

    private static readonly IReadOnlyDictionary<string, string> TaskOrder = new Dictionary<string, string>(
        Filter.Columns("t", "task_id", "run_id", "dag_id", "state", "start_date", "end_date", "try_number", "pool", "priority_weight"))
    {
        ["logical_date"] = "r.logical_date",
        ["run_after"] = "r.run_after",
        ["duration"] = "(t.end_date - t.start_date)",
    };

    public static Page<DagRun> ListRuns(MetadataSession session, DagRunQuery query)
    {
        var filter = new Filter(session.Dialect)
            .Equal("dag_run.dag_id", "dagId", query.DagId)
            .Like("dag_run.run_id", "runId", query.RunIdPattern)
            .Any("dag_run.state", "states", [.. query.States.Select(state => state.ToWireName())])
            .Any("dag_run.run_type", "types", [.. query.Types.Select(type => type.ToWireName())])
            .Between("dag_run.logical_date", "logicalDate", query.LogicalDate)
            .Between("dag_run.run_after", "runAfter", query.RunAfter)
            .Between("dag_run.start_date", "startDate", query.StartDate)
            .Between("dag_run.end_date", "endDate", query.EndDate)
            .Equal("dag_run.backfill_id", "backfillId", query.BackfillId)
            .Equal("dag_run.triggering_user_name", "user", query.TriggeringUser);
        var total = query.WithTotal ? session.Scalar<long>($"SELECT COUNT(*) FROM dag_run {filter.Where}", filter.Parameters) : -1;
        if (query.After is { } after)
        {
            if (query.OrderBy is not ("id" or "-id"))
            {
                throw DagOperationException.Invalid("A list can go on behind a run only when it is ordered by id.");
            }

            filter.Add(query.OrderBy == "id" ? "dag_run.id > @after" : "dag_run.id < @after");
            filter.Parameters.Add("after", after);
        }

        var page = filter.Page(query.OrderBy, RunOrder, "dag_run.id", query.Limit, query.Offset);
        var rows = session.Query<DagRunRow>($"SELECT {DagRunRow.Columns} FROM dag_run {filter.Where} {page}", filter.Parameters);
        return new Page<DagRun>([.. rows.Select(row => row.ToModel())], total);
    }

    public static Page<TaskInstance> ListTaskInstances(MetadataSession session, TaskInstanceQuery query)
    {
        var filter = new Filter(session.Dialect)
            .Equal("t.dag_id", "dagId", query.DagId)
            .Equal("t.run_id", "runId", query.RunId)
            .Equal("t.task_id", "taskId", query.TaskId)
            .Any("t.state", "states", [.. query.States.Select(state => state.ToWireName())])
            .Any("t.pool", "pools", query.Pools)
            .Between("r.logical_date", "logicalDate", query.LogicalDate)
            .Between("r.run_after", "runAfter", query.RunAfter)
            .Between("t.start_date", "startDate", query.StartDate)
            .Between("t.end_date", "endDate", query.EndDate);
        var from = $"FROM task_instance t JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id {filter.Where}";
        var total = session.Scalar<long>($"SELECT COUNT(*) {from}", filter.Parameters);
        var page = filter.Page(query.OrderBy, TaskOrder, "t.task_id", query.Limit, query.Offset);
        var rows = session.Query<TaskInstanceRow>($"SELECT {TaskInstanceRow.Columns} {from} {page}", filter.Parameters);
        return new Page<TaskInstance>([.. rows.Select(row => row.ToModel())], total);
    }

    /// <summary>The latest runs of a DAG with all their task instances: two statements, however many runs.</summary>
    public static IReadOnlyList<GridRun> Grid(MetadataSession session, string dagId, int limit)
    {
        var runs = ListRuns(session, new DagRunQuery { DagId = dagId, Limit = limit, OrderBy = "-run_after", WithTotal = false }).Items;
        if (runs.Count == 0)
        {
            return [];
        }

        var tasks = session.Query<TaskInstanceRow>(
            $"SELECT {TaskInstanceRow.Columns} FROM task_instance t WHERE t.dag_id = @dagId AND t.run_id {session.Dialect.AnyOf("runIds")}",
            new { dagId, runIds = runs.Select(run => run.RunId).ToArray() })
            .ToLookup(row => row.RunId, row => row.ToModel(), StringComparer.Ordinal);
        return [.. runs.Select(run => new GridRun(run, [.. tasks[run.RunId]]))];
    }

    public static IReadOnlyDictionary<DagRunState, long> CountRuns(MetadataSession session, string dagId)
        => session.Query<(string State, long Count)>("SELECT state, COUNT(*) FROM dag_run WHERE dag_id = @dagId GROUP BY state", new { dagId })
            .ToDictionary(row => StateNames.ParseDagRunState(row.State), row => row.Count);

    public static IReadOnlyList<DeadlineStatus> ListDeadlines(MetadataSession session, string dagId, string? runId, bool missedOnly, int limit)
    {
        var filter = new Filter(session.Dialect).Equal("dag_id", "dagId", dagId).Equal("run_id", "runId", runId);
        if (missedOnly)
        {
            filter.Add("missed_at IS NOT NULL");
        }

        filter.Parameters.Add("limit", limit);
        return [.. session.Query<(string DagId, string RunId, string Name, long Time, long? MissedAt)>(
            $"SELECT dag_id, run_id, name, deadline_time, missed_at FROM deadline {filter.Where} ORDER BY deadline_time DESC LIMIT @limit", filter.Parameters)
            .Select(row => new DeadlineStatus(row.DagId, row.RunId, row.Name, UnixTime.ToTime(row.Time), UnixTime.ToTime(row.MissedAt)))];
    }
}
