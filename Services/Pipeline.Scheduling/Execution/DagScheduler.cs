using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>Turns time and updates of assets into queued runs. Several schedulers that do it at once make each run once.</summary>
internal sealed class DagScheduler(MetadataDatabase database, SchedulerSignal signal, TimeProvider clock, ILogger<DagScheduler> logger)
{
    /// <summary>When nothing is due by the clock: a safety net, because the end of a run and an unpause ask again themselves.</summary>
    private static readonly TimeSpan NextLook = TimeSpan.FromSeconds(30);

    /// <summary>Creates the runs that are due. Returns when the next one will be; <see langword="null"/> when the DAG has no schedule.</summary>
    public async Task<DateTimeOffset?> TickAsync(Dag dag, CancellationToken cancellationToken)
    {
        if (!dag.Timetable.IsScheduled)
        {
            return null;
        }

        var now = clock.GetUtcNow();

        // Looked at without a lock first: nearly always there is nothing to create.
        var schedule = await database.ReadAsync(session => DagTable.FindSchedule(session, dag.Id), cancellationToken);
        if (schedule is not { IsPaused: false } open)
        {
            return now + NextLook;
        }

        var next = dag.NextInterval(open.Last, now);
        if (next?.End <= now)
        {
            var created = await database.WriteAsync(session => CreateDue(session, dag, now), cancellationToken);
            Tell(created);
            next = dag.NextInterval((await database.ReadAsync(session => DagTable.FindSchedule(session, dag.Id), cancellationToken))?.Last, now);
        }

        return next is null || next.Value.End <= now ? now + NextLook : next.Value.End;
    }

    /// <summary>Creates a run for each DAG whose assets have been updated.</summary>
    public async Task CreateForAssetsAsync(IReadOnlyCollection<Dag> dags, CancellationToken cancellationToken)
    {
        var byAssets = dags.Where(dag => dag.Timetable.Assets is not null).ToDictionary(dag => dag.Id, StringComparer.Ordinal);
        if (byAssets.Count == 0)
        {
            return;
        }

        foreach (var dagId in await database.ReadAsync(session => AssetTable.ListWaiting(session, byAssets.Keys), cancellationToken))
        {
            Tell(await database.WriteAsync(session => CreateForAssets(session, byAssets[dagId], clock.GetUtcNow()), cancellationToken));
        }
    }

    /// <summary>The scheduled runs that are due, oldest first, as long as fewer than <see cref="Dag.MaxActiveRuns"/> are unfinished.</summary>
    private static List<DagRun> CreateDue(MetadataSession session, Dag dag, DateTimeOffset now)
    {
        var created = new List<DagRun>();
        if (DagTable.FindSchedule(session, dag.Id, lockIt: true) is not { IsPaused: false } schedule)
        {
            return created;
        }

        var active = session.Scalar<long>(
            "SELECT COUNT(*) FROM dag_run WHERE dag_id = @Id AND state IN ('queued', 'running') AND backfill_id IS NULL", new { dag.Id });
        var last = schedule.Last;
        while (active < dag.MaxActiveRuns && dag.NextInterval(last, now) is { } next && next.End <= now)
        {
            var run = DagRun.Scheduled(dag, next, UnixTime.Cut(now));

            // A backfill may have been there first.
            var covered = session.Scalar<long?>(
                "SELECT id FROM dag_run WHERE dag_id = @Id AND logical_date = @start AND run_type IN ('scheduled', 'backfill') LIMIT 1",
                new { dag.Id, start = next.Start.ToMs() }) is not null;
            if (!covered && DagRunTable.Insert(session, run, dag.Deadlines) is { } id)
            {
                created.Add(run with { Id = id });
                active++;
            }

            last = next;
        }

        if (last is { } interval && last != schedule.Last)
        {
            DagTable.SaveLastInterval(session, dag.Id, interval);
            session.Dialect.Notify(session);
        }

        return created;
    }

    private static IReadOnlyList<DagRun> CreateForAssets(MetadataSession session, Dag dag, DateTimeOffset now)
    {
        if (DagTable.FindSchedule(session, dag.Id, lockIt: true) is not { IsPaused: false })
        {
            return [];
        }

        var queued = AssetTable.ListQueued(session, dag.Id);
        if (!dag.Timetable.Assets!.IsMet(queued.Select(update => update.Asset).ToHashSet(StringComparer.Ordinal)))
        {
            return [];
        }

        var instant = UnixTime.Cut(now);
        var run = new DagRun
        {
            DagId = dag.Id,
            RunId = RunId.For(DagRunType.AssetTriggered, now),
            Type = DagRunType.AssetTriggered,
            DataInterval = new DataInterval(instant, instant),
            QueuedAt = instant,
            RunAfter = instant,
            TriggeredBy = TriggeredBy.Asset,
        };
        if (DagRunTable.Insert(session, run, dag.Deadlines) is not { } id)
        {
            // Two within a microsecond: the updates stay queued for the next look.
            return [];
        }

        AssetTable.Consume(session, dag.Id, id, queued.Select(update => update.EventId));
        session.Dialect.Notify(session);
        return [run with { Id = id }];
    }

    private void Tell(IReadOnlyList<DagRun> created)
    {
        foreach (var run in created)
        {
            logger.RunScheduled(run.DagId, run.RunId);
        }

        if (created.Count > 0)
        {
            signal.Set();
        }
    }
}
