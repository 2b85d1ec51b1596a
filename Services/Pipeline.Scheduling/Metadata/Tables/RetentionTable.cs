namespace Pipeline.Scheduling.Metadata;

/// <summary>Removal of what is old.</summary>
internal static class RetentionTable
{
    /// <summary>
    /// Removes finished runs that ended before a time, with everything that belongs to them, a bounded number at once so that other writers get their turn.
    /// </summary>
    public static int PruneRuns(MetadataSession session, DateTimeOffset endedBefore, int atMost)
        => session.Execute(
            """
            DELETE FROM dag_run WHERE id IN (
                SELECT r.id FROM dag_run r WHERE r.state IN ('success', 'failed') AND r.end_date < @before LIMIT @atMost)
            """,
            new { before = endedBefore.ToMs(), atMost });

    /// <summary>Removes audit lines, ended jobs, updates of assets and ended backfills that are older than a time.</summary>
    public static int PruneHistory(MetadataSession session, DateTimeOffset before)
    {
        var parameters = new { before = before.ToMs() };
        session.Execute("DELETE FROM log WHERE dttm < @before", parameters);
        session.Execute("DELETE FROM asset_event WHERE timestamp < @before AND NOT EXISTS (SELECT 1 FROM asset_dag_run_queue q WHERE q.event_id = asset_event.id)", parameters);
        session.Execute("DELETE FROM backfill WHERE completed_at < @before AND NOT EXISTS (SELECT 1 FROM dag_run r WHERE r.backfill_id = backfill.id)", parameters);

        // An instance that stands still is still somebody: only the declared dead and the stopped ones go.
        return session.Execute("DELETE FROM job WHERE latest_heartbeat < @before AND state <> 'running'", parameters);
    }

    public static IReadOnlyList<(string DagId, string RunId)> ListUnfinished(MetadataSession session)
        => session.Query<(string, string)>("SELECT dag_id, run_id FROM dag_run WHERE state IN ('queued', 'running')");
}
