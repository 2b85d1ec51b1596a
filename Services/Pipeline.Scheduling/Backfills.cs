using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling;

/// <summary>
/// Runs for intervals that have passed. All runs of a backfill are written when it is made, so that a process that dies takes nothing of it along; a
/// scheduler starts them in their order, within the backfill's limit.
/// </summary>
/// <remarks>Every member throws <see cref="MetadataStoreException"/> when the metadata database does not answer, and <see cref="DagOperationException"/> when it refuses.</remarks>
public sealed class Backfills
{
    /// <summary>More intervals than this are several backfills.</summary>
    public const int MaxItems = 20_000;

    private readonly DagCatalog _catalog;
    private readonly MetadataDatabase _database;
    private readonly SchedulerSignal _signal;
    private readonly TimeProvider _clock;

    internal Backfills(DagCatalog catalog, MetadataDatabase database, SchedulerSignal signal, TimeProvider clock)
    {
        _catalog = catalog;
        _database = database;
        _signal = signal;
        _clock = clock;
    }

    /// <summary>What <see cref="CreateAsync"/> would do; changes nothing.</summary>
    public async Task<BackfillPlan> PlanAsync(BackfillRequest request, CancellationToken cancellationToken)
    {
        var dag = Check(request);
        return await _database.ReadAsync(session => Plan(session, dag, request), cancellationToken);
    }

    /// <summary>Queues the runs. A DAG has one backfill at a time.</summary>
    public async Task<Backfill> CreateAsync(BackfillRequest request, Actor actor, CancellationToken cancellationToken)
    {
        var dag = Check(request);
        await _database.MigrateAsync(cancellationToken);
        var backfill = await _database.WriteAsync(session => Create(session, dag, request, actor), cancellationToken);
        _signal.Set();
        return backfill;
    }

    /// <summary>Lets no further runs of it start, or lets them again. Those under way go on.</summary>
    public Task<Backfill> PauseAsync(long id, bool paused, Actor actor, CancellationToken cancellationToken)
        => ChangeAsync(id, paused ? "pause_backfill" : "unpause_backfill", actor, (session, now) => BackfillTable.SavePaused(session, id, paused, now), cancellationToken);

    /// <summary>Ends it: its queued runs fail, those under way go on.</summary>
    public Task<Backfill> CancelAsync(long id, Actor actor, CancellationToken cancellationToken)
        => ChangeAsync(id, "cancel_backfill", actor, (session, now) => BackfillTable.Cancel(session, id, now), cancellationToken);

    /// <summary>Latest first.</summary>
    public Task<Page<Backfill>> ListAsync(string? dagId, bool activeOnly, int limit, int offset, CancellationToken cancellationToken)
        => _database.ReadAsync(session => BackfillTable.List(session, dagId, activeOnly, limit, offset), cancellationToken);

    public Task<Backfill?> FindAsync(long id, CancellationToken cancellationToken) => _database.ReadAsync(session => BackfillTable.Find(session, id), cancellationToken);

    private Dag Check(BackfillRequest request)
    {
        var dag = _catalog.Find(request.DagId) ?? throw DagOperationException.NoDag(request.DagId);
        if (!dag.Timetable.IsScheduled || dag.Timetable == Timetable.Continuous)
        {
            throw DagOperationException.Invalid($"The DAG '{dag.Id}' ({dag.Timetable.Summary}) has no intervals to backfill; trigger it instead.");
        }

        if (request.To < request.From)
        {
            throw DagOperationException.Invalid($"The backfill ends ({request.To:O}) before it begins ({request.From:O}).");
        }

        if (request.To > _clock.GetUtcNow())
        {
            throw DagOperationException.Invalid($"A backfill cannot run the future: it is to end at {request.To:O}.");
        }

        if (request.MaxActiveRuns < 1)
        {
            throw DagOperationException.Invalid($"A backfill has at least one active run; {nameof(request.MaxActiveRuns)} is {request.MaxActiveRuns}.");
        }

        RunConf.Check(dag, request.Conf);
        return dag;
    }

    private BackfillPlan Plan(MetadataSession session, Dag dag, BackfillRequest request)
    {
        var now = _clock.GetUtcNow();

        // An interval that is not over yet is the schedule's.
        var intervals = dag.Timetable.Between(request.From, request.To).TakeWhile(interval => interval.End <= now).Take(MaxItems + 1).ToList();
        if (intervals.Count > MaxItems)
        {
            throw DagOperationException.Invalid($"The backfill has more than {MaxItems} intervals; split it.");
        }

        var covered = BackfillTable.ListCovered(session, dag.Id, request.From, request.To);
        var items = intervals.Select(interval => Decide(interval, covered.GetValueOrDefault(interval.Start.ToMs()), request.Reprocess));
        return new BackfillPlan([.. request.RunBackwards ? items.Reverse() : items]);
    }

    private static BackfillItem Decide(DataInterval interval, DagRun? existing, ReprocessBehavior reprocess) => existing switch
    {
        null => new BackfillItem(interval, RunId.For(DagRunType.Backfill, interval.Start), null),
        { State: DagRunState.Queued or DagRunState.Running } => new BackfillItem(interval, null, "in flight"),
        { State: DagRunState.Failed } when reprocess is ReprocessBehavior.Failed or ReprocessBehavior.Completed => new BackfillItem(interval, existing.RunId, null),
        { State: DagRunState.Success } when reprocess is ReprocessBehavior.Completed => new BackfillItem(interval, existing.RunId, null),
        _ => new BackfillItem(interval, null, "already exists"),
    };

    private Backfill Create(MetadataSession session, Dag dag, BackfillRequest request, Actor actor)
    {
        var now = UnixTime.Cut(_clock.GetUtcNow());

        // The DAG's row keeps the schedule and other backfills out meanwhile.
        if (DagTable.FindSchedule(session, dag.Id, lockIt: true) is null)
        {
            throw DagOperationException.Conflict($"No scheduler has seen the DAG '{dag.Id}' yet.");
        }

        if (BackfillTable.FindOpen(session, dag.Id) is { } open)
        {
            throw DagOperationException.Conflict($"The DAG '{dag.Id}' has a backfill under way ({open}); wait for it or cancel it.");
        }

        var plan = Plan(session, dag, request);
        if (plan.Items.Count == 0)
        {
            throw DagOperationException.Invalid($"The DAG '{dag.Id}' ({dag.Timetable.Summary}) has no completed interval from {request.From:O} to {request.To:O}.");
        }

        var id = BackfillTable.Insert(session, request, now);
        for (var i = 0; i < plan.Items.Count; i++)
        {
            if (plan.Items[i].RunId is { } runId)
            {
                Queue(session, dag, id, plan.Items[i].DataInterval, runId, i + 1, request.Conf, actor, now);
            }
        }

        BackfillTable.InsertItems(session, id, plan.Items);
        AuditTable.Insert(session, "create_backfill", actor, now, dag.Id, extra: $"{{\"backfill_id\": {id}}}");
        session.Dialect.Notify(session);
        return BackfillTable.Find(session, id)!;
    }

    private static void Queue(MetadataSession session, Dag dag, long id, DataInterval interval, string runId, int ordinal, string? conf, Actor actor, DateTimeOffset now)
    {
        if (DagRunTable.FindRow(session, dag.Id, runId, lockIt: true)?.ToModel() is { } existing)
        {
            ClearPlan.Apply(session, existing, TaskInstanceTable.List(session, dag.Id, runId, lockThem: true), Structures.RetriesOf(dag), now);
            BackfillTable.Adopt(session, id, existing, ordinal);
            return;
        }

        var run = new DagRun
        {
            DagId = dag.Id,
            RunId = runId,
            Type = DagRunType.Backfill,
            DataInterval = interval,
            QueuedAt = now,
            RunAfter = now,
            Conf = conf,
            TriggeredBy = TriggeredBy.Backfill,
            TriggeringUser = actor.Name,
            BackfillId = id,
        };
        DagRunTable.Insert(session, run, [], ordinal);
    }

    private async Task<Backfill> ChangeAsync(long id, string happened, Actor actor, Action<MetadataSession, DateTimeOffset> change, CancellationToken cancellationToken)
    {
        var changed = await _database.WriteAsync(
            session =>
            {
                var backfill = BackfillTable.Find(session, id) ?? throw new DagOperationException(DagOperationFault.NotFound, $"There is no backfill {id}.");
                if (backfill.CompletedAt is not null)
                {
                    throw DagOperationException.Conflict($"The backfill {id} has ended.");
                }

                var now = _clock.GetUtcNow();
                change(session, now);
                AuditTable.Insert(session, happened, actor, now, backfill.DagId, extra: $"{{\"backfill_id\": {id}}}");
                session.Dialect.Notify(session);
                return BackfillTable.Find(session, id)!;
            },
            cancellationToken);
        _signal.Set();
        return changed;
    }
}
