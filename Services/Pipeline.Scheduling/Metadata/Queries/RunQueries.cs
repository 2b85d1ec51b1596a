using System.Text.Json;

namespace Pipeline.Scheduling.Metadata;

/// <summary>Lists of runs and of task instances.</summary>
internal static class RunQueries
{
    private const string RunDuration = "(dag_run.end_date - dag_run.start_date)";
    private const string TaskDuration = "(t.end_date - t.start_date)";

    private static readonly Dictionary<string, string> RunOrder = new(Filter.Columns(
        "dag_run", "id", "dag_id", "run_id", "run_type", "state", "logical_date", "run_after", "queued_at", "start_date", "end_date", "data_interval_start", "data_interval_end"))
    {
        ["duration"] = RunDuration,
    };

    private static readonly Dictionary<string, string> TaskOrder = new Dictionary<string, string>(
        Filter.Columns("t", "task_id", "run_id", "dag_id", "state", "start_date", "end_date", "try_number", "pool", "priority_weight"))
    {
        ["id"] = "t.dag_id",
        ["logical_date"] = "r.logical_date",
        ["run_after"] = "r.run_after",
        ["duration"] = TaskDuration,
    };

    private static readonly string[] TaskKey = ["t.dag_id", "t.run_id", "t.task_id"];

    /// <summary>The states of the index of failures.</summary>
    private static readonly string[] FailedTasks = ["failed", "upstream_failed", "up_for_retry"];

    public static Page<DagRun> ListRuns(MetadataSession session, DagRunQuery query)
    {
        var filter = new Filter(session.Dialect)
            .Equal("dag_run.dag_id", "dagId", query.DagId)
            .Any("dag_run.dag_id", "dagIds", query.DagIds)
            .Like("dag_run.dag_id", "dagPattern", query.DagIdPattern)
            .Like("dag_run.run_id", "runId", query.RunIdPattern)
            .States("dag_run.state", [.. query.States.Select(state => state.ToWireName())])
            .Any("dag_run.run_type", "types", [.. query.Types.Select(type => type.ToWireName())])
            .Between("dag_run.logical_date", "logicalDate", query.LogicalDate)
            .Between("dag_run.run_after", "runAfter", query.RunAfter)
            .Between("dag_run.start_date", "startDate", query.StartDate)
            .Between("dag_run.end_date", "endDate", query.EndDate)
            .Equal("dag_run.backfill_id", "backfillId", query.BackfillId)
            .Equal("dag_run.triggering_user_name", "user", query.TriggeringUser)
            .Like("dag_run.triggering_user_name", "userPattern", query.TriggeringUserPattern)
            .Like("dag_run.conf", "conf", query.ConfContains)
            .Between(RunDuration, "duration", query.Duration);
        OfVersions(session, filter, "dag_run", query.VersionNumbers);
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

        // Only the runs of the page are read whole: those before it are counted off in an index.
        var order = Filter.Order(query.OrderBy, RunOrder, "dag_run.id");
        var page = filter.Page(query.Limit, query.Offset);
        var rows = session.Query<DagRunRow>(
            $"SELECT {DagRunRow.Columns} FROM dag_run WHERE dag_run.id IN (SELECT dag_run.id FROM dag_run {filter.Where} {order} {page}) {order}", filter.Parameters);
        return new Page<DagRun>([.. rows.Select(row => row.ToModel())], total);
    }

    public static Page<TaskInstance> ListTaskInstances(MetadataSession session, TaskInstanceQuery query)
    {
        var ofRuns = OfRuns(session, query, "r");
        var filter = OfRuns(session, query, "t")
            .Equal("t.task_id", "taskId", query.TaskId)
            .Any("t.task_id", "taskIds", query.TaskIds)
            .Like("t.task_id", "taskPattern", query.TaskIdPattern)
            .Like("t.pool", "poolPattern", query.PoolPattern)
            .Any("t.try_number", "tries", query.TryNumbers)
            .Between(TaskDuration, "duration", query.Duration)
            .States("t.state", [.. query.States.Select(state => state.ToWireName())], FailedTasks)
            .Any("t.pool", "pools", query.Pools)
            .Between("t.start_date", "startDate", query.StartDate)
            .Between("t.end_date", "endDate", query.EndDate);
        var order = Filter.Order(query.OrderBy, TaskOrder, TaskKey);
        var asksRuns = (query.LogicalDate, query.RunAfter) != default || query.VersionNumbers.Count > 0 || order.Contains(" r.", StringComparison.Ordinal);
        var from = $"FROM task_instance t {(asksRuns ? "JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id" : "")}";

        // A run knows how many task instances it has.
        var total = filter.Count == ofRuns.Count
            ? session.Scalar<long>($"SELECT COALESCE(SUM(r.task_instance_count), 0) FROM dag_run r {ofRuns.Where}", ofRuns.Parameters)
            : session.Scalar<long>($"SELECT COUNT(*) {from} {filter.Where}", filter.Parameters);

        // As in the list of runs, only those of the page are read whole.
        var keys = string.Join(", ", TaskKey);
        var page = filter.Page(query.Limit, query.Offset);
        var rows = session.Query<TaskInstanceRow>(
            $"SELECT {TaskInstanceRow.Columns} {from} WHERE ({keys}) IN (SELECT {keys} {from} {filter.Where} {order} {page}) {order}", filter.Parameters);
        return new Page<TaskInstance>([.. rows.Select(row => row.ToModel())], total);
    }

    /// <summary>The conditions that all task instances of a run fulfil or none.</summary>
    /// <param name="keys">The table whose keys are compared: <c>t</c> with <c>r</c> joined where dates are asked for, or <c>r</c> alone.</param>
    private static Filter OfRuns(MetadataSession session, TaskInstanceQuery query, string keys) => OfVersions(
        session,
        new Filter(session.Dialect)
        .Equal($"{keys}.dag_id", "dagId", query.DagId)
        .Equal($"{keys}.run_id", "runId", query.RunId)
        .Any($"{keys}.dag_id", "dagIds", query.DagIds)
        .Any($"{keys}.run_id", "runIds", query.RunIds)
        .Like($"{keys}.dag_id", "dagPattern", query.DagIdPattern)
        .Like($"{keys}.run_id", "runPattern", query.RunIdPattern)
        .Between("r.logical_date", "logicalDate", query.LogicalDate)
        .Between("r.run_after", "runAfter", query.RunAfter),
        "r",
        query.VersionNumbers);

    private static Filter OfVersions(MetadataSession session, Filter filter, string runs, IReadOnlyList<int> numbers)
    {
        if (numbers.Count == 0)
        {
            return filter;
        }

        filter.Parameters.Add("versions", numbers.ToArray());
        return filter.Add($"{runs}.dag_version_id IN (SELECT v.id FROM dag_version v WHERE v.version_number {session.Dialect.AnyOf("versions")})");
    }

    /// <summary>Those of the named runs that there are.</summary>
    public static IReadOnlyList<DagRun> FindRuns(MetadataSession session, IReadOnlyCollection<(string DagId, string RunId)> runs)
        => [.. session.Query<DagRunRow>(
            $"SELECT {DagRunRow.Columns} FROM {RunKeys(session)} JOIN dag_run ON dag_run.dag_id = r.dag AND dag_run.run_id = r.run", new { rows = RunKeys(runs) })
            .Select(row => row.ToModel())];

    /// <summary>Runs with all their task instances, however many with the same few statements.</summary>
    public static IReadOnlyList<GridRun> Grid(MetadataSession session, DagRunQuery query)
    {
        var runs = ListRuns(session, query).Items;
        if (runs.Count == 0)
        {
            return [];
        }

        var tasks = session.Query<TaskInstanceRow>(
            $"SELECT {TaskInstanceRow.Columns} FROM {RunKeys(session)} JOIN task_instance t ON t.dag_id = r.dag AND t.run_id = r.run",
            new { rows = RunKeys(runs.Select(run => (run.DagId, run.RunId))) })
            .ToLookup(row => (row.DagId, row.RunId), row => row.ToModel());
        return [.. runs.Select(run => new GridRun(run, [.. tasks[(run.DagId, run.RunId)]]))];
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

    private static string RunKeys(MetadataSession session) => session.Dialect.Rows("rows", ("dag", "text"), ("run", "text"));

    private static string RunKeys(IEnumerable<(string DagId, string RunId)> runs) => JsonSerializer.Serialize(runs.Select(run => new { dag = run.DagId, run = run.RunId }));
}
