namespace Pipeline.Scheduling.Metadata;

/// <summary>Assets, who writes them and waits for them, their updates, and the updates that a waiting DAG has not been run for.</summary>
internal static class AssetTable
{
    public static void SaveReferences(MetadataSession session, Dag dag, DateTimeOffset now)
    {
        session.Execute("DELETE FROM task_outlet_asset_reference WHERE dag_id = @Id", new { dag.Id });
        session.Execute("DELETE FROM dag_schedule_asset_reference WHERE dag_id = @Id", new { dag.Id });
        foreach (var (task, asset) in dag.Tasks.SelectMany(task => task.Outlets.Select(asset => (task, asset))))
        {
            session.Execute(
                "INSERT INTO task_outlet_asset_reference (asset_id, dag_id, task_id) VALUES (@id, @DagId, @TaskId) ON CONFLICT DO NOTHING",
                new { id = Save(session, asset, now), DagId = dag.Id, TaskId = task.Id });
        }

        foreach (var asset in dag.Timetable.Assets?.Assets ?? [])
        {
            session.Execute(
                "INSERT INTO dag_schedule_asset_reference (asset_id, dag_id) VALUES (@assetId, @DagId) ON CONFLICT DO NOTHING",
                new { assetId = Save(session, asset, now), DagId = dag.Id });
        }
    }

    /// <summary>Records an update and queues it for the DAGs that wait for the asset. Returns the event.</summary>
    public static AssetEvent Update(MetadataSession session, long assetId, string name, string? extra, TaskInstance? source, DateTimeOffset now)
    {
        var id = session.Scalar<long>(
            """
            INSERT INTO asset_event (asset_id, extra, source_dag_id, source_run_id, source_task_id, timestamp)
            VALUES (@assetId, @extra, @DagId, @RunId, @TaskId, @now) RETURNING id
            """,
            new { assetId, extra, source?.DagId, source?.RunId, source?.TaskId, now = now.ToMs() });
        var waiting = session.Execute(
            """
            INSERT INTO asset_dag_run_queue (asset_id, target_dag_id, event_id, created_at)
            SELECT @assetId, s.dag_id, @id, @now FROM dag_schedule_asset_reference s WHERE s.asset_id = @assetId
            """,
            new { assetId, id, now = now.ToMs() });
        if (waiting > 0)
        {
            session.Dialect.Notify(session);
        }

        return new AssetEvent(id, assetId, name, UnixTime.Cut(now), extra, source?.DagId, source?.RunId, source?.TaskId);
    }

    public static long Save(MetadataSession session, Asset asset, DateTimeOffset now)
        => session.Scalar<long>(
            """
            INSERT INTO asset (name, uri, asset_group, created_at) VALUES (@Name, @Uri, @Group, @now)
            ON CONFLICT (name) DO UPDATE SET uri = excluded.uri, asset_group = excluded.asset_group
            RETURNING id
            """,
            new { asset.Name, asset.Uri, asset.Group, now = now.ToMs() });

    /// <summary>DAGs with updates that they have not been run for.</summary>
    public static IReadOnlyList<string> ListWaiting(MetadataSession session, IReadOnlyCollection<string> dagIds)
        => session.Query<string>(
            $"SELECT DISTINCT target_dag_id FROM asset_dag_run_queue WHERE target_dag_id {session.Dialect.AnyOf("dagIds")}", new { dagIds = dagIds.ToArray() });

    public static IReadOnlyList<(string Asset, long EventId)> ListQueued(MetadataSession session, string dagId)
        => session.Query<(string, long)>(
            "SELECT a.name, q.event_id FROM asset_dag_run_queue q JOIN asset a ON a.id = q.asset_id WHERE q.target_dag_id = @dagId ORDER BY q.event_id", new { dagId });

    /// <summary>Takes the queued updates off for a run that covers them.</summary>
    public static void Consume(MetadataSession session, string dagId, long dagRunId, IEnumerable<long> eventIds)
    {
        foreach (var eventId in eventIds)
        {
            session.Execute("DELETE FROM asset_dag_run_queue WHERE target_dag_id = @dagId AND event_id = @eventId", new { dagId, eventId });
            session.Execute("INSERT INTO dagrun_asset_event (dag_run_id, event_id) VALUES (@dagRunId, @eventId) ON CONFLICT DO NOTHING", new { dagRunId, eventId });
        }
    }

    public static IReadOnlyList<AssetSummary> List(MetadataSession session)
    {
        var dags = session.Query<(long AssetId, string DagId)>("SELECT asset_id, dag_id FROM dag_schedule_asset_reference ORDER BY dag_id").ToLookup(row => row.AssetId, row => row.DagId);
        var tasks = session.Query<(long AssetId, string DagId, string TaskId)>("SELECT asset_id, dag_id, task_id FROM task_outlet_asset_reference ORDER BY dag_id, task_id")
            .ToLookup(row => row.AssetId, row => new AssetProducer(row.DagId, row.TaskId));
        return [.. session.Query<(long Id, string Name, string Uri, string Group, long CreatedAt)>("SELECT id, name, uri, asset_group, created_at FROM asset ORDER BY id")
            .Select(row => new AssetSummary(row.Id, row.Name, row.Uri, row.Group, UnixTime.ToTime(row.CreatedAt), [.. dags[row.Id]], [.. tasks[row.Id]]))];
    }
}
