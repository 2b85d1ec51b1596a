namespace Pipeline.Scheduling.Metadata;

internal sealed class TaskInstanceRow
{
    public const string Columns = """
        t.dag_id AS DagId, t.run_id AS RunId, t.task_id AS TaskId, t.state AS State, t.try_number AS TryNumber, t.max_tries AS MaxTries,
        t.scheduled_dttm AS ScheduledDttm, t.queued_dttm AS QueuedDttm, t.start_date AS StartDate, t.end_date AS EndDate,
        t.next_retry_at AS NextRetryAt, t.error AS Error, t.pool AS Pool, t.pool_slots AS PoolSlots, t.priority_weight AS PriorityWeight,
        t.hostname AS Hostname, t.pid AS Pid, t.note AS Note
        """;

    public string DagId { get; set; } = "";

    public string RunId { get; set; } = "";

    public string TaskId { get; set; } = "";

    public string State { get; set; } = "";

    public int TryNumber { get; set; }

    public int MaxTries { get; set; }

    public long? ScheduledDttm { get; set; }

    public long? QueuedDttm { get; set; }

    public long? StartDate { get; set; }

    public long? EndDate { get; set; }

    public long? NextRetryAt { get; set; }

    public string? Error { get; set; }

    public string Pool { get; set; } = "";

    public int PoolSlots { get; set; }

    public int PriorityWeight { get; set; }

    public string? Hostname { get; set; }

    public int? Pid { get; set; }

    public string? Note { get; set; }

    public TaskInstance ToModel() => new()
    {
        DagId = DagId,
        RunId = RunId,
        TaskId = TaskId,
        State = StateNames.ParseTaskInstanceState(State),
        TryNumber = TryNumber,
        MaxTries = MaxTries,
        ScheduledAt = UnixTime.ToTime(ScheduledDttm),
        QueuedAt = UnixTime.ToTime(QueuedDttm),
        StartDate = UnixTime.ToTime(StartDate),
        EndDate = UnixTime.ToTime(EndDate),
        NextRetryAt = UnixTime.ToTime(NextRetryAt),
        Error = Error,
        Pool = Pool,
        PoolSlots = PoolSlots,
        PriorityWeight = PriorityWeight,
        Hostname = Hostname,
        Pid = Pid,
        Note = Note,
    };
}
