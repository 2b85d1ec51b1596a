namespace Pipeline.Scheduling.Metadata;

// Rows as Dapper fills them, and the way to and from the model. Only this folder knows column names.
internal sealed class DagRunRow
{
    public const string Columns = """
        dag_id AS DagId,
        run_id AS RunId,
        run_type AS RunType,
        state AS State,
        data_interval_start AS DataIntervalStart,
        data_interval_end AS DataIntervalEnd,
        queued_at AS QueuedAt,
        start_date AS StartDate,
        end_date AS EndDate,
        conf AS Conf,
        context_carrier AS ContextCarrier
        """;

    public string DagId { get; set; } = "";

    public string RunId { get; set; } = "";

    public string RunType { get; set; } = "";

    public string State { get; set; } = "";

    public long DataIntervalStart { get; set; }

    public long DataIntervalEnd { get; set; }

    public long QueuedAt { get; set; }

    public long? StartDate { get; set; }

    public long? EndDate { get; set; }

    public string? Conf { get; set; }

    public string? ContextCarrier { get; set; }

    public DagRun ToModel() => new()
    {
        DagId = DagId,
        RunId = RunId,
        Type = StateNames.ParseDagRunType(RunType),
        State = StateNames.ParseDagRunState(State),
        DataInterval = new DataInterval(UnixTime.ToTime(DataIntervalStart), UnixTime.ToTime(DataIntervalEnd)),
        QueuedAt = UnixTime.ToTime(QueuedAt),
        StartDate = UnixTime.ToTime(StartDate),
        EndDate = UnixTime.ToTime(EndDate),
        Conf = Conf,
        TraceParent = ContextCarrier,
    };

    public static DagRunRow From(DagRun run) => new()
    {
        DagId = run.DagId,
        RunId = run.RunId,
        RunType = run.Type.ToWireName(),
        State = run.State.ToWireName(),
        DataIntervalStart = run.DataInterval.Start.ToUnixTimeMilliseconds(),
        DataIntervalEnd = run.DataInterval.End.ToUnixTimeMilliseconds(),
        QueuedAt = run.QueuedAt.ToUnixTimeMilliseconds(),
        StartDate = run.StartDate?.ToUnixTimeMilliseconds(),
        EndDate = run.EndDate?.ToUnixTimeMilliseconds(),
        Conf = run.Conf,
        ContextCarrier = run.TraceParent,
    };
}

internal sealed class TaskInstanceRow
{
    public const string Columns = """
        dag_id AS DagId,
        run_id AS RunId,
        task_id AS TaskId,
        state AS State,
        try_number AS TryNumber,
        max_tries AS MaxTries,
        queued_dttm AS QueuedDttm,
        start_date AS StartDate,
        end_date AS EndDate,
        next_retry_at AS NextRetryAt,
        error AS Error
        """;

    public string DagId { get; set; } = "";

    public string RunId { get; set; } = "";

    public string TaskId { get; set; } = "";

    public string State { get; set; } = "";

    public long TryNumber { get; set; }

    public long MaxTries { get; set; }

    public long? QueuedDttm { get; set; }

    public long? StartDate { get; set; }

    public long? EndDate { get; set; }

    public long? NextRetryAt { get; set; }

    public string? Error { get; set; }

    public TaskInstance ToModel() => new()
    {
        DagId = DagId,
        RunId = RunId,
        TaskId = TaskId,
        State = StateNames.ParseTaskInstanceState(State),
        TryNumber = (int)TryNumber,
        MaxTries = (int)MaxTries,
        QueuedAt = UnixTime.ToTime(QueuedDttm),
        StartDate = UnixTime.ToTime(StartDate),
        EndDate = UnixTime.ToTime(EndDate),
        NextRetryAt = UnixTime.ToTime(NextRetryAt),
        Error = Error,
    };

    public static TaskInstanceRow From(TaskInstance task) => new()
    {
        DagId = task.DagId,
        RunId = task.RunId,
        TaskId = task.TaskId,
        State = task.State.ToWireName(),
        TryNumber = task.TryNumber,
        MaxTries = task.MaxTries,
        QueuedDttm = task.QueuedAt?.ToUnixTimeMilliseconds(),
        StartDate = task.StartDate?.ToUnixTimeMilliseconds(),
        EndDate = task.EndDate?.ToUnixTimeMilliseconds(),
        NextRetryAt = task.NextRetryAt?.ToUnixTimeMilliseconds(),
        Error = task.Error,
    };
}

internal static class UnixTime
{
    public static DateTimeOffset ToTime(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static DateTimeOffset? ToTime(long? milliseconds) => milliseconds is { } m ? DateTimeOffset.FromUnixTimeMilliseconds(m) : null;
}
