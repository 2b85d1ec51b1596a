using Dapper;
using Microsoft.Data.Sqlite;

namespace Pipeline.Scheduling.Metadata;

/// <summary>Task instances, their small results and the logs of their tries.</summary>
internal sealed class TaskInstanceStore(MetadataDatabase database)
{
    public IReadOnlyList<TaskInstance> List(string dagId, string runId) => database.Read(connection =>
        connection.Query<TaskInstanceRow>(
            $"SELECT {TaskInstanceRow.Columns} FROM task_instance WHERE dag_id = @dagId AND run_id = @runId", new { dagId, runId })
            .Select(row => row.ToModel())
            .ToList());

    /// <summary>
    /// Moves a task instance on, together with the results and log lines of its try: all or nothing. Only the owner of the run
    /// may, and only from the state it saw.
    /// </summary>
    /// <exception cref="DagRunLostException">Another instance owns the run, or has moved the task instance.</exception>
    public async Task SaveAsync(
        TaskInstance from, TaskInstance to, string instance, IReadOnlyList<XCom> results, IReadOnlyList<TaskLogLine> lines, CancellationToken cancellationToken)
    {
        var saved = await database.WriteAsync(
            (connection, transaction) =>
            {
                var row = TaskInstanceRow.From(to);
                var updated = connection.Execute(
                    """
                    UPDATE task_instance SET
                        state = @State, try_number = @TryNumber, max_tries = @MaxTries, queued_dttm = @QueuedDttm,
                        start_date = @StartDate, end_date = @EndDate, next_retry_at = @NextRetryAt, error = @Error
                    WHERE dag_id = @DagId AND run_id = @RunId AND task_id = @TaskId AND state = @fromState AND try_number = @fromTry
                        AND EXISTS (SELECT 1 FROM dag_run r
                            WHERE r.dag_id = @DagId AND r.run_id = @RunId AND r.state = 'running' AND r.claimed_by = @instance)
                    """,
                    new
                    {
                        row.State,
                        row.TryNumber,
                        row.MaxTries,
                        row.QueuedDttm,
                        row.StartDate,
                        row.EndDate,
                        row.NextRetryAt,
                        row.Error,
                        row.DagId,
                        row.RunId,
                        row.TaskId,
                        fromState = from.State.ToWireName(),
                        fromTry = from.TryNumber,
                        instance,
                    },
                    transaction);
                if (updated == 0)
                {
                    return false;
                }

                InsertResults(connection, transaction, results);
                InsertLines(connection, transaction, lines);
                return true;
            },
            cancellationToken);
        if (!saved)
        {
            throw new DagRunLostException(to.DagId, to.RunId);
        }
    }

    public Task AppendLogAsync(IReadOnlyList<TaskLogLine> lines, CancellationToken cancellationToken)
        => database.WriteAsync((connection, transaction) => InsertLines(connection, transaction, lines), cancellationToken);

    public string? FindResult(string dagId, string runId, string taskId, string key) => database.Read(connection =>
        connection.QuerySingleOrDefault<string>(
            "SELECT value FROM xcom WHERE dag_id = @dagId AND run_id = @runId AND task_id = @taskId AND key = @key",
            new { dagId, runId, taskId, key }));

    /// <summary>Adds the task instances that the run does not have yet: all at its start, those of a changed DAG later.</summary>
    internal static void InsertMissing(SqliteConnection connection, SqliteTransaction transaction, Dag dag, DagRun run)
        => connection.Execute(
            """
            INSERT INTO task_instance (dag_id, run_id, task_id, state, try_number, max_tries)
            VALUES (@DagId, @RunId, @TaskId, 'none', 0, @Retries)
            ON CONFLICT (dag_id, run_id, task_id) DO NOTHING
            """,
            dag.Tasks.Select(task => new { run.DagId, run.RunId, TaskId = task.Id, task.Retries }),
            transaction);

    private static int InsertResults(SqliteConnection connection, SqliteTransaction transaction, IReadOnlyList<XCom> results)
        => connection.Execute(
            """
            INSERT INTO xcom (dag_id, run_id, task_id, key, value, timestamp)
            VALUES (@DagId, @RunId, @TaskId, @Key, @Value, @Timestamp)
            ON CONFLICT (dag_id, run_id, task_id, key) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp
            """,
            results.Select(result => new
            {
                result.DagId,
                result.RunId,
                result.TaskId,
                result.Key,
                result.Value,
                Timestamp = result.Timestamp.ToUnixTimeMilliseconds(),
            }),
            transaction);

    private static int InsertLines(SqliteConnection connection, SqliteTransaction transaction, IReadOnlyList<TaskLogLine> lines)
        => connection.Execute(
            """
            INSERT INTO task_instance_log (dag_id, run_id, task_id, try_number, line, timestamp, level, message)
            VALUES (@DagId, @RunId, @TaskId, @TryNumber, @Line, @Timestamp, @Level, @Message)
            ON CONFLICT (dag_id, run_id, task_id, try_number, line) DO NOTHING
            """,
            lines.Select(line => new
            {
                line.DagId,
                line.RunId,
                line.TaskId,
                line.TryNumber,
                line.Line,
                Timestamp = line.Timestamp.ToUnixTimeMilliseconds(),
                line.Level,
                line.Message,
            }),
            transaction);
}
