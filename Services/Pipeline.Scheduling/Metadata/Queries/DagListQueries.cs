using System.Text.Json;

namespace Pipeline.Scheduling.Metadata;

/// <summary>Lists of DAGs, import errors, audit lines and updates of assets.</summary>
internal static class DagListQueries
{
    private static readonly IReadOnlyDictionary<string, string> DagOrder = Filter.Columns("d", "dag_id", "dag_display_name", "last_parsed_time");

    private static readonly IReadOnlyDictionary<string, string> AuditOrder = new Dictionary<string, string>(Filter.Columns("log", "id", "event", "owner", "dag_id", "run_id", "task_id"))
    {
        ["when"] = "log.dttm",
    };

    private static readonly IReadOnlyDictionary<string, string> AssetEventOrder = Filter.Columns("e", "id");

    public static Page<DagSummary> ListDags(MetadataSession session, DagQuery query)
    {
        var filter = new Filter(session.Dialect).Like("d.dag_id", "pattern", query.DagIdPattern).Equal("d.is_paused", "paused", query.IsPaused);
        if (!query.IncludeStale)
        {
            filter.Add("NOT d.is_stale");
        }

        // Tags and owners are short JSON arrays; a quoted name is in the text exactly when it is one of them.
        AnyLike(filter, "d.tags", "tag", query.Tags);
        AnyLike(filter, "d.owners", "owner", query.Owners);
        if (query.LastRunState is { } state)
        {
            filter.Add("(SELECT r.state FROM dag_run r WHERE r.dag_id = d.dag_id ORDER BY r.run_after DESC LIMIT 1) = @lastState");
            filter.Parameters.Add("lastState", state.ToWireName());
        }

        var total = session.Scalar<long>($"SELECT COUNT(*) FROM dag d {filter.Where}", filter.Parameters);
        var page = $"{Filter.Order(query.OrderBy, DagOrder, "d.dag_id")} {filter.Page(query.Limit, query.Offset)}";
        return new Page<DagSummary>([.. session.Query<DagRow>($"SELECT {DagRow.Columns} FROM dag d {filter.Where} {page}", filter.Parameters).Select(row => row.ToModel())], total);
    }

    public static DagSummary? FindDag(MetadataSession session, string dagId)
        => session.First<DagRow>($"SELECT {DagRow.Columns} FROM dag d WHERE d.dag_id = @dagId", new { dagId })?.ToModel();

    public static IReadOnlyList<ImportError> ListImportErrors(MetadataSession session)
        => [.. session.Query<(long Id, string Source, string Message, long Timestamp)>("SELECT id, source, stacktrace, timestamp FROM import_error ORDER BY source")
            .Select(row => new ImportError(row.Id, row.Source, row.Message, UnixTime.ToTime(row.Timestamp)))];

    public static Page<AuditEvent> ListEvents(MetadataSession session, AuditQuery query)
    {
        var filter = new Filter(session.Dialect)
            .Equal("log.dag_id", "dagId", query.DagId)
            .Equal("log.run_id", "runId", query.RunId)
            .Equal("log.task_id", "taskId", query.TaskId)
            .Equal("log.event", "happened", query.Event)
            .Equal("log.owner", "owner", query.Owner)
            .Between("log.dttm", "time", query.When);
        var total = session.Scalar<long>($"SELECT COUNT(*) FROM log {filter.Where}", filter.Parameters);
        var page = $"{Filter.Order(query.OrderBy, AuditOrder, "log.id")} {filter.Page(query.Limit, query.Offset)}";
        var rows = session.Query<AuditRow>($"SELECT {AuditRow.Columns} FROM log {filter.Where} {page}", filter.Parameters);
        return new Page<AuditEvent>([.. rows.Select(row => row.ToModel())], total);
    }

    public static AuditEvent? FindEvent(MetadataSession session, long id)
        => session.First<AuditRow>($"SELECT {AuditRow.Columns} FROM log WHERE id = @id", new { id })?.ToModel();

    public static Page<AssetEvent> ListAssetEvents(MetadataSession session, AssetEventQuery query)
    {
        var filter = new Filter(session.Dialect)
            .Equal("e.asset_id", "assetId", query.AssetId)
            .Equal("e.source_dag_id", "dagId", query.SourceDagId)
            .Equal("e.source_run_id", "runId", query.SourceRunId)
            .Equal("e.source_task_id", "taskId", query.SourceTaskId);
        var total = session.Scalar<long>($"SELECT COUNT(*) FROM asset_event e {filter.Where}", filter.Parameters);
        var page = $"{Filter.Order("-id", AssetEventOrder, "e.id")} {filter.Page(query.Limit, query.Offset)}";
        return new Page<AssetEvent>(
            [.. session.Query<AssetEventRow>(
                $"""
                SELECT e.id AS Id, e.asset_id AS AssetId, a.name AS Name, e.timestamp AS Timestamp, e.extra AS Extra, e.source_dag_id AS DagId,
                    e.source_run_id AS RunId, e.source_task_id AS TaskId
                FROM asset_event e JOIN asset a ON a.id = e.asset_id {filter.Where} {page}
                """,
                filter.Parameters)
                .Select(row => new AssetEvent(row.Id, row.AssetId, row.Name, UnixTime.ToTime(row.Timestamp), row.Extra, row.DagId, row.RunId, row.TaskId))],
            total);
    }

    private static void AnyLike(Filter filter, string column, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        filter.Add($"({string.Join(" OR ", values.Select((_, i) => $"{column} LIKE @{name}{i}"))})");
        for (var i = 0; i < values.Count; i++)
        {
            filter.Parameters.Add($"{name}{i}", $"%{JsonSerializer.Serialize(values[i])}%");
        }
    }

    private sealed class DagRow
    {
        public const string Columns = """
            d.dag_id AS DagId, d.dag_display_name AS DisplayName, d.description AS Description, d.timetable_summary AS TimetableSummary,
            d.asset_expression AS AssetExpression, d.start_date AS StartDate, d.end_date AS EndDate, d.catchup AS Catchup, d.max_active_runs AS MaxActiveRuns,
            d.max_active_tasks AS MaxActiveTasks, d.tags AS Tags, d.owners AS Owners, d.is_paused AS IsPaused, d.is_stale AS IsStale,
            d.last_parsed_time AS LastParsed, d.last_interval_start AS LastStart, d.last_interval_end AS LastEnd,
            COALESCE((SELECT MAX(v.version_number) FROM dag_version v WHERE v.dag_id = d.dag_id), 0) AS LatestVersion
            """;

        public string DagId { get; set; } = "";

        public string DisplayName { get; set; } = "";

        public string Description { get; set; } = "";

        public string TimetableSummary { get; set; } = "";

        public string? AssetExpression { get; set; }

        public long? StartDate { get; set; }

        public long? EndDate { get; set; }

        public bool Catchup { get; set; }

        public int MaxActiveRuns { get; set; }

        public int MaxActiveTasks { get; set; }

        public string Tags { get; set; } = "";

        public string Owners { get; set; } = "";

        public bool IsPaused { get; set; }

        public bool IsStale { get; set; }

        public long LastParsed { get; set; }

        public long? LastStart { get; set; }

        public long? LastEnd { get; set; }

        public int LatestVersion { get; set; }

        public DagSummary ToModel() => new()
        {
            DagId = DagId,
            DisplayName = DisplayName,
            Description = Description,
            TimetableSummary = TimetableSummary,
            AssetExpression = AssetExpression,
            StartDate = UnixTime.ToTime(StartDate),
            EndDate = UnixTime.ToTime(EndDate),
            Catchup = Catchup,
            MaxActiveRuns = MaxActiveRuns,
            MaxActiveTasks = MaxActiveTasks,
            Tags = JsonSerializer.Deserialize<string[]>(Tags)!,
            Owners = JsonSerializer.Deserialize<string[]>(Owners)!,
            IsPaused = IsPaused,
            IsStale = IsStale,
            LastParsedAt = UnixTime.ToTime(LastParsed),
            LastInterval = (LastStart, LastEnd) is ({ } start, { } end) ? new DataInterval(UnixTime.ToTime(start), UnixTime.ToTime(end)) : null,
            LatestVersion = LatestVersion,
        };
    }

    private sealed class AuditRow
    {
        public const string Columns = """
            id AS Id, dttm AS Dttm, event AS Event, dag_id AS DagId, run_id AS RunId, task_id AS TaskId, try_number AS TryNumber, owner AS Owner, reason AS Reason, extra AS Extra
            """;

        public long Id { get; set; }

        public long Dttm { get; set; }

        public string Event { get; set; } = "";

        public string? DagId { get; set; }

        public string? RunId { get; set; }

        public string? TaskId { get; set; }

        public int? TryNumber { get; set; }

        public string Owner { get; set; } = "";

        public string? Reason { get; set; }

        public string? Extra { get; set; }

        public AuditEvent ToModel() => new(Id, UnixTime.ToTime(Dttm), Event, DagId, RunId, TaskId, TryNumber, Owner, Reason, Extra);
    }

    private sealed class AssetEventRow
    {
        public long Id { get; set; }

        public long AssetId { get; set; }

        public string Name { get; set; } = "";

        public long Timestamp { get; set; }

        public string? Extra { get; set; }

        public string? DagId { get; set; }

        public string? RunId { get; set; }

        public string? TaskId { get; set; }
    }
}
