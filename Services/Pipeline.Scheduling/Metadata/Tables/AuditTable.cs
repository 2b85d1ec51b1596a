namespace Pipeline.Scheduling.Metadata;

/// <summary>Who did what, and why.</summary>
internal static class AuditTable
{
    public static void Insert(
        MetadataSession session, string happened, Actor actor, DateTimeOffset now, string? dagId = null, string? runId = null, string? taskId = null, string? extra = null)
        => session.Execute(
            """
            INSERT INTO log (dttm, event, dag_id, run_id, task_id, owner, reason, extra)
            VALUES (@now, @happened, @dagId, @runId, @taskId, @name, @reason, @extra)
            """,
            new { now = now.ToMs(), happened, dagId, runId, taskId, name = UnixTime.Clean(actor.Name), reason = UnixTime.Clean(actor.Reason), extra });
}
