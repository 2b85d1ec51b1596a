using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;
using Pipeline.Scheduling.Quartz;
using Pipeline.Sqlite;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// One scheduler instance: starts the clock, claims queued runs, takes over those of dead instances, tells the runs under way what others changed.
/// Outlives a database that is away for a while; a damaged one stops the host, and so does a data directory that cannot be written, because a scheduler
/// without one would take runs only to fail them.
/// </summary>
internal sealed class SchedulerWorker(
    MetadataDatabase database,
    DagCatalog catalog,
    DagVersions versions,
    DagScheduler scheduler,
    SchedulerDuties duties,
    RunServices runServices,
    TaskSlots slots,
    InstanceLease lease,
    InstanceHeart heart,
    PeerWatch peers,
    SchedulerSignal signal,
    DagClock dagClock,
    SchedulerHealth health,
    SchedulingInstruments instruments,
    IHostApplicationLifetime lifetime,
    IOptions<SchedulingOptions> options,
    TimeProvider clock,
    ILogger<SchedulerWorker> logger) : BackgroundService
{
    /// <summary>From one look to the next, however much happens.</summary>
    private static readonly TimeSpan ShortestLoop = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<long, ActiveRun> _active = new();
    private readonly HashSet<string> _paused = new(StringComparer.Ordinal);
    private readonly string[] _dagIds = [.. catalog.All.Select(dag => dag.Id)];
    private long _dutiesAt = long.MinValue;
    private bool _isDraining;

    // Why no run can be worked on here.
    private volatile DataDirectoryException? _unfit;

    /// <summary>A database that cannot be used stops the start, with its sentence, before anything runs.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var (source, message) in catalog.Errors)
        {
            logger.DagBroken(source, message);
        }

        await database.MigrateAsync(cancellationToken);
        await versions.SaveAsync(database, cancellationToken);
        await heart.RegisterAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        logger.SchedulerStarted(lease.Instance.Id, catalog.All.Count);
        using var beating = new CancellationTokenSource();
        var heartbeat = heart.RunAsync(InterruptAll, beating.Token);
        await using var started = lifetime.ApplicationStarted.Register(signal.Set);
        try
        {
            await dagClock.StartAsync(stoppingToken);
            await LoopAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The normal end.
        }

        await dagClock.StopAsync();
        await DrainAsync();
        await beating.CancelAsync();
        await heartbeat;
        await heart.EndAsync();

        // Not before the runs are given up, for another scheduler or the next start.
        if (_unfit is { } unfit)
        {
            ExceptionDispatchInfo.Throw(unfit);
        }
    }

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (_unfit is null)
        {
            var wait = options.Value.PollInterval;
            var began = clock.GetTimestamp();
            try
            {
                var isIdle = await LookAsync(stoppingToken);
                if (isIdle && signal.IsTold && options.Value.HeartbeatInterval > wait)
                {
                    // With no run under way anywhere, whatever can make work is told.
                    wait = options.Value.HeartbeatInterval;
                }

                failures = 0;
                health.Working();
                instruments.LoopEnded(clock.GetElapsedTime(began));
            }
            catch (MetadataStoreException e) when (e.IsTransient)
            {
                failures++;
                health.Failing(e.Message);
                wait = TimeSpan.FromSeconds(Math.Min(5, 0.25 * Math.Pow(2, failures - 1)));
                logger.MetadataUnavailable(e.Message, wait.TotalSeconds);
            }

            await signal.WaitAsync(wait, clock, stoppingToken);
            if (clock.GetElapsedTime(began) is var since && since < ShortestLoop)
            {
                // Under load runs end all the time, and a look for each would cost more than the runs: one look finds them all.
                await Task.Delay(ShortestLoop - since, clock, stoppingToken);
            }
        }
    }

    /// <summary>Looks at everything once. Returns whether no run of the database is queued or running.</summary>
    private async Task<bool> LookAsync(CancellationToken stoppingToken)
    {
        var (isIdle, revisions, paused, hasQueued, hasOrphans) = await database.ReadAsync(
            session =>
            {
                var isIdle = !ClaimTable.HasUnfinished(session);
                return (
                    isIdle,
                    isIdle ? FrozenDictionary<long, long>.Empty : ClaimTable.ListRevisions(session, lease.Instance.Id),
                    DagTable.ListPaused(session, _dagIds),
                    !isIdle && ClaimTable.HasQueued(session, _dagIds),
                    !isIdle && ClaimTable.HasOrphans(session, _dagIds));
            },
            stoppingToken);
        TellChanges(revisions, paused);
        await scheduler.CreateForAssetsAsync(catalog.All, stoppingToken);
        if (!lifetime.ApplicationStarted.IsCancellationRequested)
        {
            // Tasks may call this very process over HTTP, and servers start last: until then runs are made, and none is worked on.
            return false;
        }

        var isDutyTime = _dutiesAt == long.MinValue || clock.GetElapsedTime(_dutiesAt) >= options.Value.HeartbeatInterval;
        if (hasOrphans || isDutyTime || HasStrays(revisions))
        {
            await TakeOrphansAsync(isDutyTime, stoppingToken);
        }

        if (isDutyTime)
        {
            await duties.RunAsync(stoppingToken);
            _dutiesAt = clock.GetTimestamp();
        }

        if (hasQueued)
        {
            await TakeQueuedAsync(stoppingToken);
        }

        return isIdle;
    }

    /// <summary>Own runs of the database that nobody here works on: a fault threw them off their track.</summary>
    private bool HasStrays(IReadOnlyDictionary<long, long> revisions) => revisions.Keys.Any(id => !_active.ContainsKey(id));

    private void TellChanges(IReadOnlyDictionary<long, long> revisions, IReadOnlyDictionary<string, bool> paused)
    {
        foreach (var (id, active) in _active)
        {
            // A run that is missing there has ended by somebody's word, or is another's.
            if (!revisions.TryGetValue(id, out var revision) || revision != active.Revision)
            {
                active.Revision = revision;
                active.Control.Signal(RunSignal.Changed);
            }
        }

        foreach (var (dagId, isPaused) in paused)
        {
            if (isPaused)
            {
                _paused.Add(dagId);
            }
            else if (_paused.Remove(dagId))
            {
                dagClock.Poke(dagId);
            }
        }
    }

    private async Task TakeQueuedAsync(CancellationToken stoppingToken)
    {
        while (Room() is > 0 and var room && !_isDraining && lease.IsValid)
        {
            var owner = lease.Instance.Id;
            var claims = await database.WriteAsync(
                session => ClaimTable.TakeQueued(session, versions.Current, owner, room, UnixTime.Cut(clock.GetUtcNow())), stoppingToken);
            Start(claims);
            if (claims.Count < room)
            {
                return;
            }
        }
    }

    /// <summary>How many more runs this instance wants: enough to keep its slots busy, and no more, so that others find some as well.</summary>
    private int Room() => Math.Max(0, (2 * slots.Count) - Math.Max(slots.Demand, _active.Values.Count(active => active.Control.IsBusy)));

    /// <summary>Takes over runs whose owner is dead or gave them up, and own ones that a fault of the database threw off their track.</summary>
    private async Task TakeOrphansAsync(bool lookForDead, CancellationToken stoppingToken)
    {
        if (!lease.IsValid)
        {
            return;
        }

        var self = lease.Instance.Id;
        var (jobs, owners) = await database.ReadAsync(session => (JobTable.List(session), ClaimTable.ListOwners(session)), stoppingToken);
        if (lookForDead)
        {
            foreach (var dead in peers.FindDead(jobs, self))
            {
                if (await database.WriteAsync(session => JobTable.DeclareDead(session, dead.Id, dead.Beat, clock.GetUtcNow()), stoppingToken))
                {
                    logger.PeerDead(dead.Id, dead.Hostname, dead.Pid);
                }
            }

            jobs = await database.ReadAsync(JobTable.List, stoppingToken);
        }

        var running = jobs.Where(job => job.State == "running" && job.Id != self).Select(job => job.Id).ToHashSet(StringComparer.Ordinal);
        var gone = owners.Select(owner => owner.Owner).Where(owner => !running.Contains(owner)).ToArray();
        while (Room() is > 0 and var room && !_isDraining)
        {
            var active = _active.Keys.ToArray();
            var claims = await database.WriteAsync(
                session =>
                {
                    var taken = ClaimTable.TakeOrphans(session, versions.Current, self, gone, active, room);
                    foreach (var claim in taken)
                    {
                        AuditTable.Insert(session, "adopt", new Actor(self), clock.GetUtcNow(), claim.Run.DagId, claim.Run.RunId);
                    }

                    return taken;
                },
                stoppingToken);
            foreach (var claim in claims)
            {
                logger.RunAdopted(claim.Run.DagId, claim.Run.RunId, null);
            }

            Start(claims);
            if (claims.Count < room)
            {
                return;
            }
        }
    }

    private void Start(IReadOnlyList<Claim> claims)
    {
        foreach (var claim in claims)
        {
            var active = new ActiveRun(claim.Revision);
            _active[claim.Run.Id] = active;
            active.Work = Task.Run(() => RunToEndAsync(claim, active), CancellationToken.None);
        }
    }

    private async Task RunToEndAsync(Claim claim, ActiveRun active)
    {
        var run = claim.Run;
        try
        {
            await new RunLoop(runServices, catalog.Find(run.DagId)!, claim, active.Control).RunAsync();
        }
        catch (Exception e) when (e is MetadataStoreException or RunStalledException { InnerException: MetadataStoreException })
        {
            // The run stays 'running' and ours; the loop takes it up again when the database answers.
            health.Failing(e.Message);
            logger.RunStalled(run.DagId, run.RunId, e.Message);
        }
        catch (RunStalledException e) when (e.InnerException is DataDirectoryException unfit)
        {
            _unfit = unfit;
            logger.RunStalled(run.DagId, run.RunId, unfit.Message);
        }
        catch (Exception e)
        {
            logger.RunBroken(e, run.DagId, run.RunId);
        }
        finally
        {
            _active.TryRemove(run.Id, out _);
            active.Control.Dispose();
        }

        // A finished run may make room for the next one.
        dagClock.Poke(run.DagId);
        signal.Set();
    }

    private void InterruptAll()
    {
        foreach (var active in _active.Values)
        {
            active.Control.Interrupt();
        }
    }

    /// <summary>Lets tries end for a while, then interrupts the rest; every run that is not finished is given up for another instance.</summary>
    private async Task DrainAsync()
    {
        _isDraining = true;
        foreach (var active in _active.Values)
        {
            active.Control.Drain();
        }

        var ended = Task.WhenAll(_active.Values.Select(active => active.Work));
        try
        {
            await ended.WaitAsync(options.Value.DrainTimeout, clock);
        }
        catch (TimeoutException)
        {
            InterruptAll();
            await ended;
        }
    }

    private sealed class ActiveRun(long revision)
    {
        public RunControl Control { get; } = new();

        public long Revision { get; set; } = revision;

        public Task Work { get; set; } = Task.CompletedTask;
    }
}
