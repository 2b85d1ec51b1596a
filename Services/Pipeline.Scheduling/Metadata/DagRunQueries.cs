using Dapper;

namespace Pipeline.Scheduling.Metadata;

/// <summary>What status pages ask.</summary>
internal sealed class DagRunQueries(MetadataDatabase database)
{
    public IReadOnlyList<DagRun> ListRuns(string? dagId, DateTimeOffset? queuedBefore, int limit) => database.Read(connection =>
        connection.Query<DagRunRow>(
            $"""
            SELECT {DagRunRow.Columns} FROM dag_run
            WHERE (@dagId IS NULL OR dag_id = @dagId) AND (@before IS NULL OR logical_date < @before)
            ORDER BY logical_date DESC, queued_at DESC
            LIMIT @limit
            """,
            new { dagId, before = queuedBefore?.ToUnixTimeMilliseconds(), limit })
            .Select(row => row.ToModel())
            .ToList());

    public DagRun? FindRun(string dagId, string runId) => database.Read(connection => DagRunStore.Find(connection, null, dagId, runId));

    public IReadOnlyDictionary<DagRunState, long> CountRuns(string dagId) => database.Read(connection =>
        connection.Query<(string State, long Count)>(
            "SELECT state, COUNT(*) FROM dag_run WHERE dag_id = @dagId GROUP BY state", new { dagId })
            .ToDictionary(row => StateNames.ParseDagRunState(row.State), row => row.Count));

    public IReadOnlyList<XCom> ListResults(string dagId, string runId) => database.Read(connection =>
        connection.Query<(string TaskId, string Key, string Value, long Timestamp)>(
            "SELECT task_id, key, value, timestamp FROM xcom WHERE dag_id = @dagId AND run_id = @runId ORDER BY task_id, key", new { dagId, runId })
            .Select(row => new XCom(dagId, runId, row.TaskId, row.Key, row.Value, UnixTime.ToTime(row.Timestamp)))
            .ToList());

    public IReadOnlyList<TaskLogLine> ListLog(string dagId, string runId, string taskId, int tryNumber) => database.Read(connection =>
        connection.Query<(long Line, long Timestamp, string Level, string Message)>(
            """
            SELECT line, timestamp, level, message FROM task_instance_log
            WHERE dag_id = @dagId AND run_id = @runId AND task_id = @taskId AND try_number = @tryNumber
            ORDER BY line
            """,
            new { dagId, runId, taskId, tryNumber })
            .Select(row => new TaskLogLine(dagId, runId, taskId, tryNumber, (int)row.Line, UnixTime.ToTime(row.Timestamp), row.Level, row.Message))
            .ToList());

    public DateTimeOffset? LatestHeartbeat() => database.Read(connection => UnixTime.ToTime(connection.ExecuteScalar<long?>(
        "SELECT MAX(latest_heartbeat) FROM job WHERE job_type = @type AND state = 'running'", new { type = JobStore.SchedulerJobType })));
}
