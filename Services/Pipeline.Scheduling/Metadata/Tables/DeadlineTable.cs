namespace Pipeline.Scheduling.Metadata;

/// <summary>By when runs have to be done.</summary>
internal static class DeadlineTable
{
    private static readonly Actor Scheduler = new("scheduler");

    /// <summary>Deadlines that have passed and are not decided yet.</summary>
    public static IReadOnlyList<(long Id, string Name)> ListDue(MetadataSession session, DateTimeOffset now, int atMost)
        => session.Query<(long, string)>(
            "SELECT id, name FROM deadline WHERE missed_at IS NULL AND deadline_time < @now ORDER BY deadline_time LIMIT @atMost", new { now = now.ToMs(), atMost });

    /// <summary>Decides a deadline that has passed: a run that was done in time loses it, another has missed it and is returned. Once, whoever asks.</summary>
    public static DagRun? Decide(MetadataSession session, long id, DateTimeOffset now)
    {
        var row = session.First<DagRunRow>(
            $"SELECT {DagRunRow.Columns} FROM deadline d JOIN dag_run ON dag_run.dag_id = d.dag_id AND dag_run.run_id = d.run_id WHERE d.id = @id", new { id });
        if (row is null)
        {
            return null;
        }

        var run = row.ToModel();
        if (run.State.IsFinished())
        {
            var kept = session.Execute("DELETE FROM deadline WHERE id = @id AND missed_at IS NULL AND deadline_time >= @end", new { id, end = run.EndDate.ToMs() });
            if (kept > 0)
            {
                return null;
            }
        }

        if (session.Execute("UPDATE deadline SET missed_at = @now WHERE id = @id AND missed_at IS NULL", new { id, now = now.ToMs() }) == 0)
        {
            return null;
        }

        AuditTable.Insert(session, "deadline_missed", Scheduler, now, run.DagId, run.RunId);
        return run;
    }
}
