namespace Pipeline.Scheduling.Metadata;

// Rows as Dapper fills them, and the way to and from the model. Only this folder knows column names.
internal sealed class DagRunRow
{
    public const string Columns = """
        dag_run.id AS Id, dag_run.dag_id AS DagId, dag_run.run_id AS RunId, dag_run.run_type AS RunType, dag_run.state AS State,
        dag_run.data_interval_start AS DataIntervalStart, dag_run.data_interval_end AS DataIntervalEnd, dag_run.run_after AS RunAfter,
        dag_run.queued_at AS QueuedAt, dag_run.start_date AS StartDate, dag_run.end_date AS EndDate, dag_run.conf AS Conf, dag_run.note AS Note,
        dag_run.triggered_by AS TriggeredBy, dag_run.triggering_user_name AS TriggeringUser, dag_run.backfill_id AS BackfillId,
        dag_run.dag_version_id AS DagVersionId,
        (SELECT v.version_number FROM dag_version v WHERE v.id = dag_run.dag_version_id) AS DagVersion,
        dag_run.claimed_by AS ClaimedBy, dag_run.context_carrier AS ContextCarrier, dag_run.fencing_token AS FencingToken, dag_run.revision AS Revision
        """;

    public long Id { get; set; }

    public string DagId { get; set; } = "";

    public string RunId { get; set; } = "";

    public string RunType { get; set; } = "";

    public string State { get; set; } = "";

    public long DataIntervalStart { get; set; }

    public long DataIntervalEnd { get; set; }

    public long RunAfter { get; set; }

    public long QueuedAt { get; set; }

    public long? StartDate { get; set; }

    public long? EndDate { get; set; }

    public string? Conf { get; set; }

    public string? Note { get; set; }

    public string TriggeredBy { get; set; } = "";

    public string? TriggeringUser { get; set; }

    public long? BackfillId { get; set; }

    public long? DagVersionId { get; set; }

    public int? DagVersion { get; set; }

    public string? ClaimedBy { get; set; }

    public string? ContextCarrier { get; set; }

    public long FencingToken { get; set; }

    public long Revision { get; set; }

    public DagRun ToModel() => new()
    {
        Id = Id,
        DagId = DagId,
        RunId = RunId,
        Type = StateNames.ParseDagRunType(RunType),
        State = StateNames.ParseDagRunState(State),
        DataInterval = new DataInterval(UnixTime.ToTime(DataIntervalStart), UnixTime.ToTime(DataIntervalEnd)),
        RunAfter = UnixTime.ToTime(RunAfter),
        QueuedAt = UnixTime.ToTime(QueuedAt),
        StartDate = UnixTime.ToTime(StartDate),
        EndDate = UnixTime.ToTime(EndDate),
        Conf = Conf,
        Note = Note,
        TriggeredBy = StateNames.ParseTriggeredBy(TriggeredBy),
        TriggeringUser = TriggeringUser,
        BackfillId = BackfillId,
        DagVersionId = DagVersionId,
        DagVersion = DagVersion,
        ClaimedBy = ClaimedBy,
        TraceParent = ContextCarrier,
    };

    public static DagRunRow From(DagRun run) => new()
    {
        DagId = run.DagId,
        RunId = run.RunId,
        RunType = run.Type.ToWireName(),
        State = run.State.ToWireName(),
        DataIntervalStart = run.DataInterval.Start.ToMs(),
        DataIntervalEnd = run.DataInterval.End.ToMs(),
        RunAfter = run.RunAfter.ToMs(),
        QueuedAt = run.QueuedAt.ToMs(),
        StartDate = run.StartDate.ToMs(),
        EndDate = run.EndDate.ToMs(),
        Conf = run.Conf,
        Note = UnixTime.Clean(run.Note),
        TriggeredBy = run.TriggeredBy.ToWireName(),
        TriggeringUser = UnixTime.Clean(run.TriggeringUser),
        BackfillId = run.BackfillId,
        DagVersionId = run.DagVersionId,
        ContextCarrier = run.TraceParent,
    };
}
