using System.Text.Json;

namespace Pipeline.Scheduling.Metadata;

/// <summary>What the database knows of DAGs: their settings, their versions, whether they are paused, which interval came last.</summary>
internal static class DagTable
{
    /// <summary>Writes what the code says about its DAGs; history of DAGs that are gone stays. Returns the version of each.</summary>
    public static IReadOnlyDictionary<string, CurrentDag> Save(MetadataSession session, DagCatalog catalog, DateTimeOffset now)
    {
        var saved = new Dictionary<string, CurrentDag>(StringComparer.Ordinal);

        // In one order everywhere: two instances that start at once must not wait for each other's rows.
        foreach (var dag in catalog.All.OrderBy(dag => dag.Id, StringComparer.Ordinal))
        {
            Upsert(session, dag, now);
            saved[dag.Id] = new CurrentDag(dag, SaveVersion(session, dag, now));
            AssetTable.SaveReferences(session, dag, now);
        }

        PoolTable.InsertMissing(session, catalog.All.SelectMany(dag => dag.Tasks).Select(task => task.Pool).Order(StringComparer.Ordinal));
        foreach (var (source, message) in catalog.Errors.OrderBy(error => error.Source, StringComparer.Ordinal))
        {
            session.Execute(
                """
                INSERT INTO import_error (source, stacktrace, timestamp) VALUES (@source, @message, @now)
                ON CONFLICT (source) DO UPDATE SET stacktrace = excluded.stacktrace, timestamp = excluded.timestamp
                """,
                new { source, message = UnixTime.Clean(message), now = now.ToMs() });
        }

        return saved;
    }

    /// <summary>Says that a process still has these DAGs; those that no process has had for a while become stale, and so do old import errors.</summary>
    public static int Touch(MetadataSession session, IReadOnlyCollection<string> dagIds, IReadOnlyCollection<string> errors, DateTimeOffset now, DateTimeOffset staleBefore)
    {
        session.Execute(
            $"UPDATE dag SET last_parsed_time = @now, is_stale = FALSE WHERE dag_id {session.Dialect.AnyOf("dagIds")}", new { dagIds = dagIds.ToArray(), now = now.ToMs() });
        session.Execute("UPDATE dag SET is_stale = TRUE WHERE last_parsed_time < @before AND NOT is_stale", new { before = staleBefore.ToMs() });
        session.Execute(
            $"UPDATE import_error SET timestamp = @now WHERE source {session.Dialect.AnyOf("errors")}", new { errors = errors.ToArray(), now = now.ToMs() });
        return session.Execute("DELETE FROM import_error WHERE timestamp < @before", new { before = staleBefore.ToMs() });
    }

    /// <summary>The interval that was scheduled last, and whether the DAG is paused.</summary>
    public static (DataInterval? Last, bool IsPaused)? FindSchedule(MetadataSession session, string dagId, bool lockIt = false)
    {
        var row = session.First<ScheduleRow>(
            $"""
            SELECT last_interval_start AS LastStart, last_interval_end AS LastEnd, is_paused AS IsPaused FROM dag
            WHERE dag_id = @dagId {(lockIt ? session.Dialect.ForUpdate : "")}
            """,
            new { dagId });
        return row is null ? null : (row is { LastStart: { } start, LastEnd: { } end } ? new DataInterval(UnixTime.ToTime(start), UnixTime.ToTime(end)) : null, row.IsPaused);
    }

    public static IReadOnlyDictionary<string, bool> ListPaused(MetadataSession session, IReadOnlyCollection<string> dagIds)
        => session.Query<PausedRow>($"SELECT dag_id AS DagId, is_paused AS IsPaused FROM dag WHERE dag_id {session.Dialect.AnyOf("dagIds")}", new { dagIds = dagIds.ToArray() })
            .ToDictionary(row => row.DagId, row => row.IsPaused, StringComparer.Ordinal);

    public static void SaveLastInterval(MetadataSession session, string dagId, DataInterval interval)
        => session.Execute(
            "UPDATE dag SET last_interval_start = @start, last_interval_end = @end WHERE dag_id = @dagId",
            new { dagId, start = interval.Start.ToMs(), end = interval.End.ToMs() });

    /// <summary>Returns whether anything changed; <see langword="null"/> when there is no such DAG.</summary>
    public static bool? Pause(MetadataSession session, string dagId, bool paused)
    {
        if (FindSchedule(session, dagId, lockIt: true) is not { } dag)
        {
            return null;
        }

        session.Execute("UPDATE dag SET is_paused = @paused WHERE dag_id = @dagId", new { dagId, paused });
        session.Execute("UPDATE dag_run SET revision = revision + 1 WHERE dag_id = @dagId AND state = 'running'", new { dagId });
        return dag.IsPaused != paused;
    }

    public static DagVersion? FindVersion(MetadataSession session, long id)
        => session.First<DagVersionRow>($"SELECT {DagVersionRow.Columns} FROM dag_version WHERE id = @id", new { id })?.ToModel();

    public static DagVersion? LatestVersion(MetadataSession session, string dagId)
        => session.First<DagVersionRow>(
            $"SELECT {DagVersionRow.Columns} FROM dag_version WHERE dag_id = @dagId ORDER BY version_number DESC LIMIT 1", new { dagId })?.ToModel();

    public static IReadOnlyList<DagVersion> ListVersions(MetadataSession session, string dagId)
        => [.. session.Query<DagVersionRow>($"SELECT {DagVersionRow.Columns} FROM dag_version WHERE dag_id = @dagId ORDER BY version_number", new { dagId })
            .Select(row => row.ToModel())];

    private static void Upsert(MetadataSession session, Dag dag, DateTimeOffset now)
        => session.Execute(
            """
            INSERT INTO dag (dag_id, dag_display_name, description, timetable_summary, asset_expression, start_date, end_date, catchup, max_active_runs,
                max_active_tasks, tags, owners, is_paused, is_stale, last_parsed_time)
            VALUES (@Id, @DisplayName, @Description, @timetable, @assets, @start, @end, @Catchup, @MaxActiveRuns, @MaxActiveTasks, @tags, @owners,
                @IsPausedUponCreation, FALSE, @now)
            ON CONFLICT (dag_id) DO UPDATE SET
                dag_display_name = excluded.dag_display_name, description = excluded.description, timetable_summary = excluded.timetable_summary,
                asset_expression = excluded.asset_expression, start_date = excluded.start_date, end_date = excluded.end_date, catchup = excluded.catchup,
                max_active_runs = excluded.max_active_runs, max_active_tasks = excluded.max_active_tasks, tags = excluded.tags, owners = excluded.owners,
                is_stale = FALSE, last_parsed_time = excluded.last_parsed_time
            """,
            new
            {
                dag.Id,
                dag.DisplayName,
                dag.Description,
                timetable = dag.Timetable.Summary,
                assets = dag.Timetable.Assets is { } condition
                    ? JsonSerializer.Serialize(new Dictionary<string, string[]> { [condition.IsAll ? "all" : "any"] = [.. condition.Assets.Select(asset => asset.Name)] })
                    : null,
                start = dag.StartDate.ToMs(),
                end = dag.EndDate.ToMs(),
                dag.Catchup,
                dag.MaxActiveRuns,
                dag.MaxActiveTasks,
                tags = JsonSerializer.Serialize(dag.Tags),
                owners = JsonSerializer.Serialize(dag.Owners),
                dag.IsPausedUponCreation,
                now = now.ToMs(),
            });

    private static long SaveVersion(MetadataSession session, Dag dag, DateTimeOffset now)
    {
        // The row of the DAG was written just before, which keeps another instance from adding the same number.
        var latest = LatestVersion(session, dag.Id);
        return latest is not null && latest.Hash == dag.Structure.Hash
            ? latest.Id
            : session.Scalar<long>(
                "INSERT INTO dag_version (dag_id, version_number, dag_hash, created_at, data) VALUES (@Id, @number, @Hash, @now, @Json) RETURNING id",
                new { dag.Id, number = (latest?.Number ?? 0) + 1, dag.Structure.Hash, now = now.ToMs(), dag.Structure.Json });
    }

    private sealed class ScheduleRow
    {
        public long? LastStart { get; set; }

        public long? LastEnd { get; set; }

        public bool IsPaused { get; set; }
    }

    private sealed class PausedRow
    {
        public string DagId { get; set; } = "";

        public bool IsPaused { get; set; }
    }

    private sealed class DagVersionRow
    {
        public const string Columns = "id AS Id, dag_id AS DagId, version_number AS VersionNumber, dag_hash AS DagHash, created_at AS CreatedAt, data AS Data";

        public long Id { get; set; }

        public string DagId { get; set; } = "";

        public int VersionNumber { get; set; }

        public string DagHash { get; set; } = "";

        public long CreatedAt { get; set; }

        public string Data { get; set; } = "";

        public DagVersion ToModel() => new(Id, DagId, VersionNumber, DagHash, UnixTime.ToTime(CreatedAt), Data);
    }
}
