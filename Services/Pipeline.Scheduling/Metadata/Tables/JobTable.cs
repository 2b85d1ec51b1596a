using Pipeline.Scheduling.Execution;

namespace Pipeline.Scheduling.Metadata;

/// <summary>Scheduler instances and their beats.</summary>
internal static class JobTable
{
    public const string SchedulerJobType = "SchedulerJob";

    public static int Register(MetadataSession session, SchedulerInstance instance, DateTimeOffset now)
        => session.Execute(
            """
            INSERT INTO job (id, job_type, state, hostname, pid, process_start, start_date, latest_heartbeat)
            VALUES (@Id, @type, 'running', @Hostname, @Pid, @ProcessStart, @now, @now)
            ON CONFLICT (id) DO NOTHING
            """,
            new { instance.Id, type = SchedulerJobType, instance.Hostname, instance.Pid, instance.ProcessStart, now = now.ToMs() });

    /// <summary>Says that the instance is alive. <see langword="false"/>: another one has declared it dead, and has its runs.</summary>
    public static bool Beat(MetadataSession session, string instance, DateTimeOffset now)
        => session.Execute(
            "UPDATE job SET latest_heartbeat = @now, beat = beat + 1 WHERE id = @instance AND state = 'running'", new { instance, now = now.ToMs() }) == 1;

    public static int End(MetadataSession session, string instance, DateTimeOffset now)
        => session.Execute("UPDATE job SET state = 'success', end_date = @now WHERE id = @instance AND state = 'running'", new { instance, now = now.ToMs() });

    /// <summary>Declares an instance dead, unless it has shown a sign of life since the caller looked.</summary>
    public static bool DeclareDead(MetadataSession session, string instance, long beat, DateTimeOffset now)
        => session.Execute(
            "UPDATE job SET state = 'failed', end_date = @now WHERE id = @instance AND state = 'running' AND beat = @beat", new { instance, beat, now = now.ToMs() }) == 1;

    public static IReadOnlyList<SchedulerJob> List(MetadataSession session)
        => [.. session.Query<JobRow>(
            """
            SELECT id AS Id, state AS State, hostname AS Hostname, pid AS Pid, process_start AS ProcessStart, start_date AS StartDate, end_date AS EndDate,
                latest_heartbeat AS LatestHeartbeat, beat AS Beat
            FROM job WHERE job_type = @type ORDER BY start_date DESC
            """,
            new { type = SchedulerJobType })
            .Select(row => new SchedulerJob(row.Id, row.State, row.Hostname, row.Pid, UnixTime.ToTime(row.StartDate), UnixTime.ToTime(row.EndDate), UnixTime.ToTime(row.LatestHeartbeat))
            {
                Beat = row.Beat,
                ProcessStart = row.ProcessStart,
            })];

    private sealed class JobRow
    {
        public string Id { get; set; } = "";

        public string State { get; set; } = "";

        public string Hostname { get; set; } = "";

        public int Pid { get; set; }

        public long ProcessStart { get; set; }

        public long StartDate { get; set; }

        public long? EndDate { get; set; }

        public long LatestHeartbeat { get; set; }

        public long Beat { get; set; }
    }
}
