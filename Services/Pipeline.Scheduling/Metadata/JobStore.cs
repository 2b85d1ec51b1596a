using Dapper;
using Pipeline.Scheduling.Execution;

namespace Pipeline.Scheduling.Metadata;

/// <summary>Scheduler instances with their heartbeats, the audit log, and the pruning of what is old.</summary>
internal sealed class JobStore(MetadataDatabase database)
{
    public const string SchedulerJobType = "SchedulerJob";

    public Task RegisterAsync(SchedulerInstance instance, DateTimeOffset now, CancellationToken cancellationToken)
        => database.WriteAsync(
            (connection, transaction) => connection.Execute(
                """
                INSERT INTO job (id, job_type, state, hostname, pid, process_start, start_date, latest_heartbeat)
                VALUES (@Id, @type, 'running', @Hostname, @Pid, @ProcessStart, @now, @now)
                """,
                new { instance.Id, type = SchedulerJobType, instance.Hostname, instance.Pid, instance.ProcessStart, now = now.ToUnixTimeMilliseconds() },
                transaction),
            cancellationToken);

    public Task HeartbeatAsync(string instance, DateTimeOffset now, CancellationToken cancellationToken)
        => database.WriteAsync(
            (connection, transaction) => connection.Execute(
                "UPDATE job SET latest_heartbeat = @now WHERE id = @instance",
                new { instance, now = now.ToUnixTimeMilliseconds() },
                transaction),
            cancellationToken);

    public Task EndAsync(string instance, string state, DateTimeOffset now, CancellationToken cancellationToken)
        => database.WriteAsync(
            (connection, transaction) => connection.Execute(
                "UPDATE job SET state = @state, end_date = @now WHERE id = @instance AND state = 'running'",
                new { instance, state, now = now.ToUnixTimeMilliseconds() },
                transaction),
            cancellationToken);

    /// <summary>The instance of a job that has not ended; <see langword="null"/> when it has, or is unknown.</summary>
    public SchedulerInstance? FindRunning(string instance) => database.Read(connection =>
        connection.QuerySingleOrDefault<SchedulerInstanceRow>(
            "SELECT id AS Id, hostname AS Hostname, pid AS Pid, process_start AS ProcessStart FROM job WHERE id = @instance AND state = 'running'",
            new { instance }) is { } row
            ? new SchedulerInstance(row.Id, row.Hostname, (int)row.Pid, row.ProcessStart)
            : null);

    public Task AuditAsync(string happened, string? dagId, string? runId, string owner, string? extra, DateTimeOffset now, CancellationToken cancellationToken)
        => database.WriteAsync(
            (connection, transaction) => connection.Execute(
                "INSERT INTO log (dttm, event, dag_id, run_id, owner, extra) VALUES (@now, @happened, @dagId, @runId, @owner, @extra)",
                new { now = now.ToUnixTimeMilliseconds(), happened, dagId, runId, owner, extra },
                transaction),
            cancellationToken);

    /// <summary>
    /// Removes finished runs that ended before a time, with everything that belongs to them, a bounded number at once so that
    /// other writers get their turn. The latest scheduled run of a DAG stays: it tells which interval comes next.
    /// </summary>
    public Task<int> PruneRunsAsync(DateTimeOffset endedBefore, int atMost, CancellationToken cancellationToken)
        => database.WriteAsync(
            (connection, transaction) => connection.Execute(
                """
                DELETE FROM dag_run WHERE rowid IN (
                    SELECT r.rowid FROM dag_run r
                    WHERE r.state IN ('success', 'failed') AND r.end_date < @before
                        AND NOT (r.run_type = 'scheduled' AND r.logical_date =
                            (SELECT MAX(l.logical_date) FROM dag_run l WHERE l.dag_id = r.dag_id AND l.run_type = 'scheduled'))
                    LIMIT @atMost)
                """,
                new { before = endedBefore.ToUnixTimeMilliseconds(), atMost },
                transaction),
            cancellationToken);

    /// <summary>Removes audit lines and ended or silent jobs that are older than a time.</summary>
    public Task PruneHistoryAsync(DateTimeOffset before, CancellationToken cancellationToken)
        => database.WriteAsync(
            (connection, transaction) => connection.Execute(
                """
                DELETE FROM log WHERE dttm < @before;
                DELETE FROM job WHERE latest_heartbeat < @before;
                """,
                new { before = before.ToUnixTimeMilliseconds() },
                transaction),
            cancellationToken);

    private sealed class SchedulerInstanceRow
    {
        public string Id { get; set; } = "";

        public string Hostname { get; set; } = "";

        public long Pid { get; set; }

        public long ProcessStart { get; set; }
    }
}
