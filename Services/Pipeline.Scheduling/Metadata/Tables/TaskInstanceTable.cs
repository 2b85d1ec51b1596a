using System.Text.Json;

namespace Pipeline.Scheduling.Metadata;

/// <summary>
/// Task instances. A state is written only over the state and try that the caller saw (so that of two that decide at once one finds out), and
/// the database refuses a transition that is not legal.
/// </summary>
internal static class TaskInstanceTable
{
    private const string HistoryColumns = """
        dag_id, run_id, task_id, try_number, state, max_tries, scheduled_dttm, queued_dttm, start_date, end_date, next_retry_at, error, pool, pool_slots,
        priority_weight, hostname, pid, note
        """;

    private static readonly (string, string)[] MoveColumns =
    [
        ("dag", "text"), ("run", "text"), ("task", "text"), ("from_state", "text"), ("from_try", "integer"), ("to_state", "text"), ("to_try", "integer"), ("tries", "integer"),
        ("scheduled", "bigint"), ("queued", "bigint"), ("started", "bigint"), ("ended", "bigint"), ("next_retry", "bigint"), ("sentence", "text"), ("host", "text"), ("process", "integer"),
        ("claim", "bigint"), ("owner", "text"), ("token", "bigint"),
    ];

    /// <param name="lockThem">Keeps them as they are until the transaction ends.</param>
    public static IReadOnlyList<TaskInstance> List(MetadataSession session, string dagId, string runId, bool lockThem = false)
        => [.. session.Query<TaskInstanceRow>(
            $"""
            SELECT {TaskInstanceRow.Columns} FROM task_instance t
            WHERE t.dag_id = @dagId AND t.run_id = @runId ORDER BY t.task_id {(lockThem ? session.Dialect.ForUpdate : "")}
            """,
            new { dagId, runId })
            .Select(row => row.ToModel())];

    public static TaskInstance? Find(MetadataSession session, string dagId, string runId, string taskId)
        => session.First<TaskInstanceRow>(
            $"SELECT {TaskInstanceRow.Columns} FROM task_instance t WHERE t.dag_id = @dagId AND t.run_id = @runId AND t.task_id = @taskId",
            new { dagId, runId, taskId })?.ToModel();

    /// <summary>The tries that ended before the current one, and the current one once it has begun.</summary>
    public static IReadOnlyList<TaskInstance> ListTries(MetadataSession session, string dagId, string runId, string taskId)
    {
        var parameters = new { dagId, runId, taskId };
        var tries = session.Query<TaskInstanceRow>(
            $"SELECT {TaskInstanceRow.Columns} FROM task_instance_history t WHERE t.dag_id = @dagId AND t.run_id = @runId AND t.task_id = @taskId ORDER BY t.try_number", parameters)
            .Select(row => row.ToModel()).ToList();
        if (Find(session, dagId, runId, taskId) is { } current && tries.TrueForAll(earlier => earlier.TryNumber != current.TryNumber))
        {
            tries.Add(current);
        }

        return tries;
    }

    /// <summary>Adds the task instances that a run of the DAG does not have yet.</summary>
    public static void InsertMissing(MetadataSession session, Dag dag, DagRun run)
    {
        var rows = session.Dialect.Rows("rows", ("task_id", "text"), ("max_tries", "integer"), ("pool", "text"), ("pool_slots", "integer"), ("priority_weight", "integer"));
        session.Execute(
            $"""
            INSERT INTO task_instance (dag_id, run_id, task_id, state, try_number, max_tries, pool, pool_slots, priority_weight)
            SELECT @DagId, @RunId, r.task_id, 'none', 0, r.max_tries, r.pool, r.pool_slots, r.priority_weight FROM {rows} WHERE TRUE
            ON CONFLICT (dag_id, run_id, task_id) DO NOTHING
            """,
            new
            {
                run.DagId,
                run.RunId,
                rows = JsonSerializer.Serialize(dag.Tasks.Select(task => new
                {
                    task_id = task.Id,
                    max_tries = task.Retries,
                    pool = task.Pool,
                    pool_slots = task.PoolSlots,
                    priority_weight = dag.Priority(task.Id),
                })),
            });
    }

    /// <summary>Moves a task instance on as the owner of its run. <see langword="false"/>: the run has another owner, or somebody has moved it.</summary>
    public static bool Save(MetadataSession session, Claim claim, TaskInstance from, TaskInstance to) => SaveAll(session, [new TaskMove(claim, from, to)])[0];

    /// <summary>Moves task instances of any runs on, each as the owner of its run, all in one statement.</summary>
    /// <returns>For each move what <see cref="Save"/> returns.</returns>
    public static IReadOnlyList<bool> SaveAll(MetadataSession session, IReadOnlyList<TaskMove> moves)
    {
        if (moves.Count == 0)
        {
            return [];
        }

        var saved = session.Query<(string, string, string)>(
            $"""
            UPDATE task_instance SET
                state = r.to_state, try_number = r.to_try, max_tries = r.tries, scheduled_dttm = r.scheduled, queued_dttm = r.queued, start_date = r.started,
                end_date = r.ended, next_retry_at = r.next_retry, error = r.sentence, hostname = r.host, pid = r.process
            FROM {session.Dialect.Rows("rows", MoveColumns)}
            WHERE dag_id = r.dag AND run_id = r.run AND task_id = r.task AND state = r.from_state AND try_number = r.from_try
                AND EXISTS (SELECT 1 FROM dag_run WHERE dag_run.id = r.claim AND dag_run.state = 'running' AND dag_run.claimed_by = r.owner AND dag_run.fencing_token = r.token)
            RETURNING dag_id, run_id, task_id
            """,
            new { rows = JsonSerializer.Serialize(moves.DistinctBy(Key).Select(MoveRow)) }).ToHashSet();

        // Of two for one task instance the second comes too late.
        var results = moves.Select(move => saved.Remove(Key(move))).ToList();
        foreach (var (move, isSaved) in moves.Zip(results))
        {
            if (isSaved && move.To.State == TaskInstanceState.UpForRetry)
            {
                KeepTry(session, move.To);
            }
        }

        return results;
    }

    /// <summary>Moves a task instance on as an operator. <see langword="false"/>: it is not any more in the state that the caller saw.</summary>
    public static bool Change(MetadataSession session, TaskInstance from, TaskInstance to) => session.Execute(
            """
            UPDATE task_instance SET
                state = @state, try_number = @TryNumber, max_tries = @MaxTries, scheduled_dttm = @scheduled, queued_dttm = @queued,
                start_date = @start, end_date = @end, next_retry_at = @nextRetry, error = @error, hostname = @Hostname, pid = @Pid
            WHERE dag_id = @DagId AND run_id = @RunId AND task_id = @TaskId AND state = @fromState AND try_number = @fromTry
            """,
            new
            {
                to.DagId,
                to.RunId,
                to.TaskId,
                state = to.State.ToWireName(),
                to.TryNumber,
                to.MaxTries,
                scheduled = to.ScheduledAt.ToMs(),
                queued = to.QueuedAt.ToMs(),
                start = to.StartDate.ToMs(),
                end = to.EndDate.ToMs(),
                nextRetry = to.NextRetryAt.ToMs(),
                error = UnixTime.Clean(to.Error),
                to.Hostname,
                to.Pid,
                fromState = from.State.ToWireName(),
                fromTry = from.TryNumber,
            }) == 1;

    /// <summary>Keeps the current try of a task instance that is about to be cleared.</summary>
    public static void KeepTry(MetadataSession session, TaskInstance task)
    {
        if (task.TryNumber > 0)
        {
            session.Execute(
                $"""
                INSERT INTO task_instance_history ({HistoryColumns})
                SELECT {HistoryColumns.Replace("try_number, state", "try_number, CASE WHEN state IN ('success', 'failed', 'skipped') THEN state ELSE 'failed' END", StringComparison.Ordinal)}
                FROM task_instance WHERE dag_id = @DagId AND run_id = @RunId AND task_id = @TaskId
                ON CONFLICT (dag_id, run_id, task_id, try_number) DO NOTHING
                """,
                new { task.DagId, task.RunId, task.TaskId });
        }
    }

    private static (string DagId, string RunId, string TaskId) Key(TaskMove move) => (move.To.DagId, move.To.RunId, move.To.TaskId);

    private static object MoveRow(TaskMove move) => new
    {
        dag = move.To.DagId,
        run = move.To.RunId,
        task = move.To.TaskId,
        from_state = move.From.State.ToWireName(),
        from_try = move.From.TryNumber,
        to_state = move.To.State.ToWireName(),
        to_try = move.To.TryNumber,
        tries = move.To.MaxTries,
        scheduled = move.To.ScheduledAt.ToMs(),
        queued = move.To.QueuedAt.ToMs(),
        started = move.To.StartDate.ToMs(),
        ended = move.To.EndDate.ToMs(),
        next_retry = move.To.NextRetryAt.ToMs(),
        sentence = UnixTime.Clean(move.To.Error),
        host = move.To.Hostname,
        process = move.To.Pid,
        claim = move.Claim.Run.Id,
        owner = move.Claim.Owner,
        token = move.Claim.Token,
    };
}

/// <summary>One step of a task instance that the owner of its run wants written.</summary>
internal sealed record TaskMove(Claim Claim, TaskInstance From, TaskInstance To);
