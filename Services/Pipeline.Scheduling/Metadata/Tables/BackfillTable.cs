using System.Text.Json;

namespace Pipeline.Scheduling.Metadata;

/// <summary>Backfills and their runs.</summary>
internal static class BackfillTable
{
    private const string Columns = """
        b.id AS Id, b.dag_id AS DagId, b.from_date AS FromDate, b.to_date AS ToDate, b.dag_run_conf AS Conf, b.is_paused AS IsPaused,
        b.run_backwards AS RunBackwards, b.reprocess_behavior AS Reprocess, b.max_active_runs AS MaxActiveRuns, b.created_at AS CreatedAt,
        b.updated_at AS UpdatedAt, b.completed_at AS CompletedAt,
        (SELECT COUNT(*) FROM backfill_dag_run i WHERE i.backfill_id = b.id) AS Total,
        (SELECT COUNT(*) FROM backfill_dag_run i WHERE i.backfill_id = b.id AND i.run_id IS NULL) AS Skipped,
        (SELECT COUNT(*) FROM dag_run r WHERE r.backfill_id = b.id AND r.state = 'queued') AS Queued,
        (SELECT COUNT(*) FROM dag_run r WHERE r.backfill_id = b.id AND r.state = 'running') AS Running,
        (SELECT COUNT(*) FROM dag_run r WHERE r.backfill_id = b.id AND r.state = 'success') AS Success,
        (SELECT COUNT(*) FROM dag_run r WHERE r.backfill_id = b.id AND r.state = 'failed') AS Failed
        """;

    public static Backfill? Find(MetadataSession session, long id)
        => session.First<BackfillRow>($"SELECT {Columns} FROM backfill b WHERE b.id = @id", new { id })?.ToModel();

    public static Page<Backfill> List(MetadataSession session, string? dagId, bool activeOnly, int limit, int offset)
    {
        var filter = new Filter(session.Dialect).Equal("b.dag_id", "dagId", dagId);
        if (activeOnly)
        {
            filter.Add("b.completed_at IS NULL");
        }

        var total = session.Scalar<long>($"SELECT COUNT(*) FROM backfill b {filter.Where}", filter.Parameters);
        var page = $"ORDER BY b.id DESC {filter.Page(limit, offset)}";
        return new Page<Backfill>([.. session.Query<BackfillRow>($"SELECT {Columns} FROM backfill b {filter.Where} {page}", filter.Parameters).Select(row => row.ToModel())], total);
    }

    public static bool HasOpen(MetadataSession session) => session.Scalar<long?>("SELECT id FROM backfill WHERE completed_at IS NULL LIMIT 1") is not null;

    /// <summary>The backfill of a DAG that is not done yet, whose row is locked until the transaction ends.</summary>
    public static long? FindOpen(MetadataSession session, string dagId)
        => session.Scalar<long?>("SELECT id FROM backfill WHERE dag_id = @dagId AND completed_at IS NULL LIMIT 1", new { dagId });

    public static long Insert(MetadataSession session, BackfillRequest request, DateTimeOffset now)
        => session.Scalar<long>(
            """
            INSERT INTO backfill (dag_id, from_date, to_date, dag_run_conf, is_paused, run_backwards, reprocess_behavior, max_active_runs, created_at, updated_at)
            VALUES (@DagId, @from, @to, @Conf, FALSE, @RunBackwards, @reprocess, @MaxActiveRuns, @now, @now)
            RETURNING id
            """,
            new
            {
                request.DagId,
                from = request.From.ToMs(),
                to = request.To.ToMs(),
                request.Conf,
                request.RunBackwards,
                reprocess = request.Reprocess.ToWireName(),
                request.MaxActiveRuns,
                now = now.ToMs(),
            });

    /// <summary>Writes the items down, in their order.</summary>
    public static void InsertItems(MetadataSession session, long backfillId, IReadOnlyList<BackfillItem> items)
    {
        var rows = session.Dialect.Rows("rows", ("logical_date", "bigint"), ("run_id", "text"), ("reason", "text"), ("sort_ordinal", "integer"));
        session.Execute(
            $"""
            INSERT INTO backfill_dag_run (backfill_id, logical_date, run_id, exception_reason, sort_ordinal)
            SELECT @backfillId, r.logical_date, r.run_id, r.reason, r.sort_ordinal FROM {rows}
            """,
            new
            {
                backfillId,
                rows = JsonSerializer.Serialize(items.Select((item, i) => new
                {
                    logical_date = item.LogicalDate.ToMs(),
                    run_id = item.RunId,
                    reason = item.Skipped,
                    sort_ordinal = i + 1,
                })),
            });
    }

    /// <summary>The runs of a DAG that cover intervals already, by logical date; of several the latest.</summary>
    public static IReadOnlyDictionary<long, DagRun> ListCovered(MetadataSession session, string dagId, DateTimeOffset from, DateTimeOffset to)
    {
        var covered = new Dictionary<long, DagRun>();
        foreach (var row in session.Query<DagRunRow>(
            $"""
            SELECT {DagRunRow.Columns} FROM dag_run
            WHERE dag_id = @dagId AND logical_date BETWEEN @from AND @to AND run_type IN ('scheduled', 'backfill')
            ORDER BY id
            """,
            new { dagId, from = from.ToMs(), to = to.ToMs() }))
        {
            covered[row.DataIntervalStart] = row.ToModel();
        }

        return covered;
    }

    /// <summary>Makes a run that exists one of the backfill's.</summary>
    public static void Adopt(MetadataSession session, long backfillId, DagRun run, int sortOrdinal)
        => session.Execute(
            "UPDATE dag_run SET backfill_id = @backfillId, run_type = 'backfill', sort_ordinal = @sortOrdinal, triggered_by = 'backfill' WHERE dag_id = @DagId AND run_id = @RunId",
            new { backfillId, sortOrdinal, run.DagId, run.RunId });

    public static void SavePaused(MetadataSession session, long id, bool paused, DateTimeOffset now)
        => session.Execute("UPDATE backfill SET is_paused = @paused, updated_at = @now WHERE id = @id", new { id, paused, now = now.ToMs() });

    /// <summary>Ends a backfill; its queued runs fail, those under way go on.</summary>
    public static void Cancel(MetadataSession session, long id, DateTimeOffset now)
    {
        session.Execute("UPDATE backfill SET is_paused = TRUE, completed_at = @now, updated_at = @now WHERE id = @id AND completed_at IS NULL", new { id, now = now.ToMs() });
        session.Execute(
            "UPDATE dag_run SET state = 'failed', end_date = @now, note = 'The backfill was cancelled.' WHERE backfill_id = @id AND state = 'queued'", new { id, now = now.ToMs() });
    }

    public static int CompleteDone(MetadataSession session, DateTimeOffset now)
        => session.Execute(
            """
            UPDATE backfill SET completed_at = @now, updated_at = @now
            WHERE completed_at IS NULL AND NOT EXISTS (SELECT 1 FROM dag_run r WHERE r.backfill_id = backfill.id AND r.state IN ('queued', 'running'))
            """,
            new { now = now.ToMs() });

    private sealed class BackfillRow
    {
        public long Id { get; set; }

        public string DagId { get; set; } = "";

        public long FromDate { get; set; }

        public long ToDate { get; set; }

        public string? Conf { get; set; }

        public bool IsPaused { get; set; }

        public bool RunBackwards { get; set; }

        public string Reprocess { get; set; } = "";

        public int MaxActiveRuns { get; set; }

        public long CreatedAt { get; set; }

        public long UpdatedAt { get; set; }

        public long? CompletedAt { get; set; }

        public int Total { get; set; }

        public int Skipped { get; set; }

        public int Queued { get; set; }

        public int Running { get; set; }

        public int Success { get; set; }

        public int Failed { get; set; }

        public Backfill ToModel() => new()
        {
            Id = Id,
            DagId = DagId,
            From = UnixTime.ToTime(FromDate),
            To = UnixTime.ToTime(ToDate),
            Conf = Conf,
            IsPaused = IsPaused,
            RunBackwards = RunBackwards,
            Reprocess = StateNames.ParseReprocessBehavior(Reprocess),
            MaxActiveRuns = MaxActiveRuns,
            CreatedAt = UnixTime.ToTime(CreatedAt),
            UpdatedAt = UnixTime.ToTime(UpdatedAt),
            CompletedAt = UnixTime.ToTime(CompletedAt),
            Progress = new BackfillProgress(Total, Skipped, Queued, Running, Success, Failed),
        };
    }
}
