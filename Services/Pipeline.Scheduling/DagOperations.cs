using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling;

/// <summary>
/// What people do with DAGs and their runs. Each call is one transaction with its line in the audit log; a scheduler of any process acts on it, at once
/// when it is this one or the database tells it.
/// </summary>
/// <remarks>Every member throws <see cref="MetadataStoreException"/> when the metadata database does not answer, and <see cref="DagOperationException"/> when it refuses.</remarks>
public sealed class DagOperations
{
    private readonly DagCatalog _catalog;
    private readonly MetadataDatabase _database;
    private readonly SchedulerSignal _signal;
    private readonly TimeProvider _clock;

    internal DagOperations(DagCatalog catalog, MetadataDatabase database, SchedulerSignal signal, TimeProvider clock)
    {
        _catalog = catalog;
        _database = database;
        _signal = signal;
        _clock = clock;
    }

    /// <summary>Queues a manual run.</summary>
    public async Task<DagRun> TriggerAsync(string dagId, TriggerRequest request, Actor actor, CancellationToken cancellationToken)
    {
        while (true)
        {
            var run = await WriteAsync(session => Trigger(session, dagId, request, actor), cancellationToken);
            if (run is not null)
            {
                return run;
            }

            // Two triggers within a microsecond: the later one takes the next.
            await Task.Delay(TimeSpan.FromMilliseconds(1), _clock, cancellationToken);
        }
    }

    /// <summary>A paused DAG starts no runs and no further tasks of those under way; tries under way end.</summary>
    /// <returns>Whether that changed anything.</returns>
    public Task<bool> PauseAsync(string dagId, bool paused, Actor actor, CancellationToken cancellationToken)
        => WriteAsync(
            session =>
            {
                var changed = DagTable.Pause(session, dagId, paused) ?? throw DagOperationException.NoDag(dagId);
                AuditTable.Insert(session, paused ? "pause" : "unpause", actor, _clock.GetUtcNow(), dagId);
                return changed;
            },
            cancellationToken);

    /// <summary>Makes task instances run again: in their run when it is under way, otherwise the run is queued again. A try under way is cancelled.</summary>
    public Task<ClearResult> ClearAsync(ClearRequest request, Actor actor, CancellationToken cancellationToken)
        => request.DryRun
            ? _database.ReadAsync(session => new ClearResult([.. Selection.ToClear(session, _catalog, request, lockThem: false).SelectMany(run => run.Tasks)]), cancellationToken)
            : WriteAsync(session => Clear(session, request, actor), cancellationToken);

    /// <summary>Says how a run ended: its tries under way are cancelled, and what has not ended is skipped (<c>failed</c>) or counts as done (<c>success</c>).</summary>
    public Task<DagRun> MarkRunAsync(string dagId, string runId, DagRunState state, Actor actor, CancellationToken cancellationToken)
        => WriteAsync(session => RunMarking.Mark(session, _catalog, dagId, runId, state, actor, _clock.GetUtcNow()), cancellationToken);

    /// <summary>Says how task instances ended. A try under way is cancelled.</summary>
    /// <returns>The task instances as they were.</returns>
    public Task<IReadOnlyList<TaskInstance>> MarkTasksAsync(MarkTasksRequest request, Actor actor, CancellationToken cancellationToken)
        => request.DryRun
            ? _database.ReadAsync<IReadOnlyList<TaskInstance>>(
                session => [.. Selection.ToMark(session, _catalog, request, lockThem: false).SelectMany(run => run.Tasks)], cancellationToken)
            : WriteAsync(session => RunMarking.MarkTasks(session, _catalog, request, actor, _clock.GetUtcNow()), cancellationToken);

    public Task SetRunNoteAsync(string dagId, string runId, string? note, Actor actor, CancellationToken cancellationToken)
        => WriteAsync(
            session =>
            {
                var found = session.Execute("UPDATE dag_run SET note = @note WHERE dag_id = @dagId AND run_id = @runId", new { dagId, runId, note = UnixTime.Clean(note) });
                AuditTable.Insert(session, "set_run_note", actor, _clock.GetUtcNow(), dagId, runId);
                return found == 1 ? true : throw DagOperationException.NoRun(dagId, runId);
            },
            cancellationToken);

    public Task SetTaskNoteAsync(string dagId, string runId, string taskId, string? note, Actor actor, CancellationToken cancellationToken)
        => WriteAsync(
            session =>
            {
                var found = session.Execute(
                    "UPDATE task_instance SET note = @note WHERE dag_id = @dagId AND run_id = @runId AND task_id = @taskId", new { dagId, runId, taskId, note = UnixTime.Clean(note) });
                AuditTable.Insert(session, "set_task_note", actor, _clock.GetUtcNow(), dagId, runId, taskId);
                return found == 1 ? true : throw new DagOperationException(DagOperationFault.NotFound, $"The run {dagId}/{runId} has no task '{taskId}'.");
            },
            cancellationToken);

    /// <summary>Removes a run with everything that belongs to it. A running one is refused: mark it first.</summary>
    public Task DeleteRunAsync(string dagId, string runId, Actor actor, CancellationToken cancellationToken)
        => WriteAsync(
            session =>
            {
                var run = DagRunTable.FindRow(session, dagId, runId, lockIt: true) ?? throw DagOperationException.NoRun(dagId, runId);
                if (run.State == DagRunState.Running.ToWireName())
                {
                    throw DagOperationException.Conflict($"The run {dagId}/{runId} is running; mark it as failed first.");
                }

                session.Execute("DELETE FROM dag_run WHERE id = @Id", new { run.Id });
                AuditTable.Insert(session, "delete_run", actor, _clock.GetUtcNow(), dagId, runId);
                return true;
            },
            cancellationToken);

    /// <summary>Makes a pool, or changes one.</summary>
    /// <param name="slots">-1: no limit.</param>
    public Task SavePoolAsync(string name, int slots, string? description, Actor actor, CancellationToken cancellationToken)
    {
        if (slots < -1 || string.IsNullOrWhiteSpace(name) || name.Length > 250)
        {
            throw DagOperationException.Invalid($"A pool has a name of at most 250 characters and 0 or more slots, or -1 for no limit; '{name}' has {slots}.");
        }

        return WriteAsync(
            session =>
            {
                PoolTable.Save(session, name, slots, UnixTime.Clean(description));
                AuditTable.Insert(session, "save_pool", actor, _clock.GetUtcNow(), extra: System.Text.Json.JsonSerializer.Serialize(new { pool = name, slots }));
                return true;
            },
            cancellationToken);
    }

    public Task DeletePoolAsync(string name, Actor actor, CancellationToken cancellationToken)
    {
        if (name == DagTask.DefaultPool)
        {
            throw DagOperationException.Invalid($"The pool '{name}' cannot be deleted: it is the pool of tasks that name none.");
        }

        return WriteAsync(
            session =>
            {
                if (!PoolTable.Delete(session, name))
                {
                    throw new DagOperationException(DagOperationFault.NotFound, $"There is no pool '{name}'.");
                }

                AuditTable.Insert(session, "delete_pool", actor, _clock.GetUtcNow(), extra: System.Text.Json.JsonSerializer.Serialize(new { pool = name }));
                return true;
            },
            cancellationToken);
    }

    /// <summary>Tells that an asset was updated by something that is no task.</summary>
    /// <param name="extra">JSON, or <see langword="null"/>.</param>
    public Task<AssetEvent> CreateAssetEventAsync(long assetId, string? extra, Actor actor, CancellationToken cancellationToken)
        => WriteAsync(
            session =>
            {
                var name = session.Scalar<string>("SELECT name FROM asset WHERE id = @assetId", new { assetId })
                    ?? throw new DagOperationException(DagOperationFault.NotFound, $"There is no asset {assetId}.");
                var now = _clock.GetUtcNow();
                AuditTable.Insert(session, "create_asset_event", actor, now, extra: System.Text.Json.JsonSerializer.Serialize(new { asset = name }));
                return AssetTable.Update(session, assetId, name, extra, null, now);
            },
            cancellationToken);

    private DagRun? Trigger(MetadataSession session, string dagId, TriggerRequest request, Actor actor)
    {
        var dag = Structures.Find(session, _catalog, dagId, null) ?? throw DagOperationException.NoDag(dagId);
        RunConf.Check(dag, request.Conf);
        if (request.RunId is { } runId && (runId.Length is 0 or > RunId.MaxLength || runId.Contains('/', StringComparison.Ordinal) || runId.Contains('\0', StringComparison.Ordinal)))
        {
            throw DagOperationException.Invalid($"A run id has 1 to {RunId.MaxLength} characters and no '/'.");
        }

        var now = _clock.GetUtcNow();
        var instant = UnixTime.Cut(now);
        var start = UnixTime.Cut(request.LogicalDate ?? request.DataInterval?.Start ?? now);
        var run = new DagRun
        {
            DagId = dagId,
            RunId = request.RunId ?? RunId.For(DagRunType.Manual, request.LogicalDate ?? request.DataInterval?.Start ?? now),
            Type = DagRunType.Manual,
            DataInterval = request.DataInterval ?? new DataInterval(start, start),
            QueuedAt = instant,
            RunAfter = instant,
            Conf = request.Conf,
            Note = request.Note,
            TriggeredBy = actor.Via,
            TriggeringUser = actor.Name,
        };
        if (DagRunTable.Insert(session, run, _catalog.Find(dagId)?.Deadlines ?? []) is not { } id)
        {
            return request.RunId is null && request.LogicalDate is null && request.DataInterval is null
                ? null
                : throw DagOperationException.Conflict($"The DAG '{dagId}' has a run '{run.RunId}' already.");
        }

        AuditTable.Insert(session, "trigger", actor, now, dagId, run.RunId, extra: request.Conf);
        return run with { Id = id };
    }

    private ClearResult Clear(MetadataSession session, ClearRequest request, Actor actor)
    {
        var now = UnixTime.Cut(_clock.GetUtcNow());
        var cleared = new List<TaskInstance>();
        foreach (var (run, dag, tasks) in Selection.ToClear(session, _catalog, request, lockThem: true))
        {
            if (tasks.Count == 0 && !request.RunOnLatestVersion)
            {
                continue;
            }

            cleared.AddRange(ClearPlan.Apply(session, run, tasks, Structures.RetriesOf(dag), now));
            if (request.RunOnLatestVersion)
            {
                session.Execute("UPDATE dag_run SET dag_version_id = NULL WHERE id = @Id AND state = 'queued'", new { run.Id });
            }

            AuditTable.Insert(session, "clear", actor, now, run.DagId, run.RunId, extra: System.Text.Json.JsonSerializer.Serialize(tasks.Select(task => task.TaskId)));
        }

        return new ClearResult(cleared);
    }

    private async Task<T> WriteAsync<T>(Func<MetadataSession, T> write, CancellationToken cancellationToken)
    {
        await _database.MigrateAsync(cancellationToken);
        var result = await _database.WriteAsync(
            session =>
            {
                var written = write(session);
                session.Dialect.Notify(session);
                return written;
            },
            cancellationToken);
        _signal.Set();
        return result;
    }
}
