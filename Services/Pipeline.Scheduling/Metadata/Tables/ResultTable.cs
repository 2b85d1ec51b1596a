using System.Text.Json;

namespace Pipeline.Scheduling.Metadata;

/// <summary>Small results of tasks, and the lines that their tries logged.</summary>
internal static class ResultTable
{
    public static void InsertResults(MetadataSession session, IReadOnlyList<XCom> results)
    {
        foreach (var result in results)
        {
            session.Execute(
                """
                INSERT INTO xcom (dag_id, run_id, task_id, key, value, timestamp)
                VALUES (@DagId, @RunId, @TaskId, @Key, @Value, @time)
                ON CONFLICT (dag_id, run_id, task_id, key) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp
                """,
                new { result.DagId, result.RunId, result.TaskId, result.Key, result.Value, time = result.Timestamp.ToMs() });
        }
    }

    /// <summary>Removes the results of a task that is to run again.</summary>
    public static void DeleteResults(MetadataSession session, string dagId, string runId, string taskId)
        => session.Execute("DELETE FROM xcom WHERE dag_id = @dagId AND run_id = @runId AND task_id = @taskId", new { dagId, runId, taskId });

    public static string? FindValue(MetadataSession session, string dagId, string runId, string taskId, string key)
        => session.Scalar<string>(
            "SELECT value FROM xcom WHERE dag_id = @dagId AND run_id = @runId AND task_id = @taskId AND key = @key",
            new { dagId, runId, taskId, key });

    public static IReadOnlyList<XCom> ListResults(MetadataSession session, string dagId, string runId)
        => [.. session.Query<(string TaskId, string Key, string Value, long Timestamp)>(
            "SELECT task_id, key, value, timestamp FROM xcom WHERE dag_id = @dagId AND run_id = @runId ORDER BY task_id, key", new { dagId, runId })
            .Select(row => new XCom(dagId, runId, row.TaskId, row.Key, row.Value, UnixTime.ToTime(row.Timestamp)))];

    /// <summary>Adds lines of any tries.</summary>
    public static int InsertLines(MetadataSession session, IReadOnlyList<TaskLogLine> lines)
    {
        if (lines.Count == 0)
        {
            return 0;
        }

        var rows = session.Dialect.Rows(
            "rows", ("dag", "text"), ("run", "text"), ("task", "text"), ("try", "integer"), ("line", "integer"), ("timestamp", "bigint"), ("level", "text"), ("message", "text"));
        return session.Execute(
            $"""
            INSERT INTO task_instance_log (dag_id, run_id, task_id, try_number, line, timestamp, level, message)
            SELECT r.dag, r.run, r.task, r.try, r.line, r.timestamp, r.level, r.message FROM {rows} WHERE TRUE
            ON CONFLICT (dag_id, run_id, task_id, try_number, line) DO NOTHING
            """,
            new
            {
                rows = JsonSerializer.Serialize(lines.Select(line => new
                {
                    dag = line.DagId,
                    run = line.RunId,
                    task = line.TaskId,
                    @try = line.TryNumber,
                    line = line.Line,
                    timestamp = line.Timestamp.ToMs(),
                    level = line.Level,
                    message = UnixTime.Clean(line.Message),
                })),
            });
    }

    public static IReadOnlyList<TaskLogLine> ReadLines(MetadataSession session, string dagId, string runId, string taskId, int tryNumber, int afterLine, int limit)
        => [.. session.Query<(int Line, long Timestamp, string Level, string Message)>(
            """
            SELECT line, timestamp, level, message FROM task_instance_log
            WHERE dag_id = @dagId AND run_id = @runId AND task_id = @taskId AND try_number = @tryNumber AND line > @afterLine
            ORDER BY line LIMIT @limit
            """,
            new { dagId, runId, taskId, tryNumber, afterLine, limit })
            .Select(row => new TaskLogLine(dagId, runId, taskId, tryNumber, row.Line, UnixTime.ToTime(row.Timestamp), row.Level, row.Message))];
}
