namespace Pipeline.Scheduling.Metadata;

/// <summary>Runs. Every change of a state is a compare-and-set on what the caller saw, and the database checks that it is a legal one.</summary>
internal static class DagRunTable
{
    public static DagRun? Find(MetadataSession session, string dagId, string runId) => FindRow(session, dagId, runId)?.ToModel();

    public static DagRunRow? FindRow(MetadataSession session, string dagId, string runId, bool lockIt = false)
        => session.First<DagRunRow>(
            $"SELECT {DagRunRow.Columns} FROM dag_run WHERE dag_id = @dagId AND run_id = @runId {(lockIt ? session.Dialect.ForUpdate : "")}",
            new { dagId, runId });

    /// <summary>Adds a queued run with its deadlines. Returns its id; <see langword="null"/> when its run id is taken.</summary>
    public static long? Insert(MetadataSession session, DagRun run, IReadOnlyList<Deadline> deadlines, int sortOrdinal = 0)
    {
        var row = DagRunRow.From(run);
        var id = session.Scalar<long?>(
            """
            INSERT INTO dag_run (dag_id, run_id, run_type, state, logical_date, data_interval_start, data_interval_end, run_after, queued_at, conf, note,
                triggered_by, triggering_user_name, backfill_id, sort_ordinal)
            VALUES (@DagId, @RunId, @RunType, @State, @DataIntervalStart, @DataIntervalStart, @DataIntervalEnd, @RunAfter, @QueuedAt, @Conf, @Note,
                @TriggeredBy, @TriggeringUser, @BackfillId, @sortOrdinal)
            ON CONFLICT (dag_id, run_id) DO NOTHING
            RETURNING id
            """,
            new
            {
                row.DagId,
                row.RunId,
                row.RunType,
                row.State,
                row.DataIntervalStart,
                row.DataIntervalEnd,
                row.RunAfter,
                row.QueuedAt,
                row.Conf,
                row.Note,
                row.TriggeredBy,
                row.TriggeringUser,
                row.BackfillId,
                sortOrdinal,
            });
        if (id is not null)
        {
            foreach (var deadline in deadlines)
            {
                session.Execute(
                    "INSERT INTO deadline (dag_id, run_id, name, deadline_time) VALUES (@DagId, @RunId, @Name, @time)",
                    new { run.DagId, run.RunId, deadline.Name, time = deadline.For(run).ToMs() });
            }
        }

        return id;
    }

    /// <summary>Moves a run on as somebody who does not run it; its owner is told by the revision.</summary>
    /// <returns>Whether it still was in the state that the caller saw.</returns>
    public static bool Change(MetadataSession session, DagRun from, DagRun to)
        => session.Execute(
            """
            UPDATE dag_run SET state = @state, queued_at = @queuedAt, start_date = @startDate, end_date = @endDate, claimed_by = NULL, revision = revision + 1
            WHERE dag_id = @DagId AND run_id = @RunId AND state = @fromState
            """,
            new
            {
                to.DagId,
                to.RunId,
                state = to.State.ToWireName(),
                queuedAt = to.QueuedAt.ToMs(),
                startDate = to.StartDate.ToMs(),
                endDate = to.EndDate.ToMs(),
                fromState = from.State.ToWireName(),
            }) == 1;

    /// <summary>Tells the owner that task instances of its run have changed.</summary>
    public static void Touch(MetadataSession session, string dagId, string runId)
        => session.Execute("UPDATE dag_run SET revision = revision + 1 WHERE dag_id = @dagId AND run_id = @runId", new { dagId, runId });
}
