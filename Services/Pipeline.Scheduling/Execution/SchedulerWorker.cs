using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;
using Pipeline.Scheduling.Quartz;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// One scheduler instance: prepares the metadata database, starts the clock, claims queued runs, takes over those of dead
/// instances, and says that it is alive. Outlives a database that is locked or full for a while; a damaged one stops the host.
/// </summary>
internal sealed class SchedulerWorker(
    MetadataDatabase database,
    DagRunStore runs,
    JobStore jobs,
    DagCatalog catalog,
    DagRunExecutor executor,
    SchedulerInstance instance,
    SchedulerSignal signal,
    DagClock dagClock,
    SchedulerHealth health,
    IHostApplicationLifetime lifetime,
    IOptions<SchedulingOptions> options,
    TimeProvider clock,
    ILogger<SchedulerWorker> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<(string DagId, string RunId), ActiveRun> _active = new();

    /// <summary>A database that cannot be used stops the start, with its sentence, before anything runs.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await database.MigrateAsync(cancellationToken);
        var now = clock.GetUtcNow();
        await runs.SaveDagsAsync(catalog.All, now, cancellationToken);
        await jobs.RegisterAsync(instance, now, cancellationToken);
        health.Beat(now);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        logger.SchedulerStarted(instance.Id, catalog.All.Count);
        var heartbeat = HeartbeatLoopAsync(stoppingToken);
        try
        {
            await ApplicationStartedAsync(stoppingToken);
            await dagClock.StartAsync(stoppingToken);
            await ClaimLoopAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The normal end.
        }

        await dagClock.StopAsync();
        await Task.WhenAll(_active.Values.Select(active => active.Work));
        await heartbeat;
        await EndJobAsync();
    }

    /// <summary>Tasks may call this very process over HTTP, and servers start last.</summary>
    private async Task ApplicationStartedAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
    }

    private async Task ClaimLoopAsync(CancellationToken stoppingToken)
    {
        var sinceOrphans = TimeSpan.Zero;
        var failures = 0;
        while (true)
        {
            var wait = options.Value.PollInterval;
            try
            {
                if (sinceOrphans <= TimeSpan.Zero)
                {
                    await AdoptOrphansAsync(stoppingToken);
                    sinceOrphans = options.Value.HeartbeatInterval;
                }

                await ClaimQueuedAsync(stoppingToken);
                failures = 0;
                health.Working();
            }
            catch (MetadataStoreException e) when (e.IsTransient)
            {
                failures++;
                health.Failing(e.Message);
                wait = TimeSpan.FromSeconds(Math.Min(30, Math.Pow(2, failures - 1)));
                logger.MetadataUnavailable(e.Message, wait.TotalSeconds);
            }

            var before = clock.GetTimestamp();
            await signal.WaitAsync(wait, clock, stoppingToken);
            sinceOrphans -= clock.GetElapsedTime(before);
        }
    }

    private async Task ClaimQueuedAsync(CancellationToken stoppingToken)
    {
        foreach (var dag in catalog.All)
        {
            while (true)
            {
                var now = clock.GetUtcNow();
                var run = await runs.ClaimAsync(dag, instance.Id, now, now + options.Value.LeaseDuration, stoppingToken);
                if (run is null)
                {
                    break;
                }

                Start(dag, run, stoppingToken);
            }
        }
    }

    /// <summary>Takes over runs whose owner is dead or silent, and own ones that a fault of the database threw off their track.</summary>
    private async Task AdoptOrphansAsync(CancellationToken stoppingToken)
    {
        var now = clock.GetUtcNow();
        foreach (var owned in runs.ListRunning([.. catalog.All.Select(dag => dag.Id)]))
        {
            if (_active.ContainsKey((owned.DagId, owned.RunId)) || !IsOrphan(owned, now))
            {
                continue;
            }

            var dag = catalog.Find(owned.DagId)!;
            var run = await runs.AdoptAsync(dag, owned, instance.Id, now + options.Value.LeaseDuration, stoppingToken);
            if (run is not null)
            {
                logger.RunAdopted(run.DagId, run.RunId, owned.ClaimedBy);
                await jobs.AuditAsync("adopt", run.DagId, run.RunId, instance.Id, owned.ClaimedBy, now, stoppingToken);
                Start(dag, run, stoppingToken);
            }
        }
    }

    private bool IsOrphan(OwnedRun owned, DateTimeOffset now)
        => owned.ClaimedBy is null
        || owned.ClaimedBy == instance.Id
        || owned.LeaseExpiresAt is null
        || owned.LeaseExpiresAt < now.ToUnixTimeMilliseconds()
        || jobs.FindRunning(owned.ClaimedBy) is not { } owner
        || owner.IsKnownDead();

    private void Start(Dag dag, DagRun run, CancellationToken stoppingToken)
    {
        var active = new ActiveRun(CancellationTokenSource.CreateLinkedTokenSource(stoppingToken));
        _active[(run.DagId, run.RunId)] = active;
        active.Work = Task.Run(() => RunToEndAsync(dag, run, active), CancellationToken.None);
    }

    private async Task RunToEndAsync(Dag dag, DagRun run, ActiveRun active)
    {
        try
        {
            await executor.RunAsync(dag, run, active.Cancel.Token);
        }
        catch (OperationCanceledException) when (active.Cancel.IsCancellationRequested)
        {
            logger.RunInterrupted(run.DagId, run.RunId);
        }
        catch (DagRunLostException e)
        {
            logger.RunLost(e.Message);
        }
        catch (MetadataStoreException e)
        {
            // The run stays 'running' and ours; the claim loop resumes it when the database answers again.
            health.Failing(e.Message);
            logger.RunStalled(run.DagId, run.RunId, e.Message);
        }
        catch (Exception e)
        {
            logger.RunBroken(e, run.DagId, run.RunId);
        }
        finally
        {
            _active.TryRemove((run.DagId, run.RunId), out _);
            active.Cancel.Dispose();
        }

        // A finished run may make room for the next one.
        dagClock.Poke(dag.Id);
        signal.Set();
    }

    private async Task HeartbeatLoopAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.HeartbeatInterval, clock);
        var lastBeat = clock.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    var now = clock.GetUtcNow();
                    await jobs.HeartbeatAsync(instance.Id, now, stoppingToken);
                    var owned = await runs.RenewLeasesAsync(instance.Id, now + options.Value.LeaseDuration, stoppingToken);
                    CancelLost(owned);
                    lastBeat = clock.GetTimestamp();
                    health.Beat(now);
                }
                catch (MetadataStoreException e)
                {
                    health.Failing(e.Message);
                    if (clock.GetElapsedTime(lastBeat) > options.Value.LeaseDuration)
                    {
                        // Others may think us dead by now and run these again.
                        CancelLost(new HashSet<(string, string)>());
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private void CancelLost(IReadOnlySet<(string DagId, string RunId)> owned)
    {
        foreach (var (key, active) in _active)
        {
            if (!owned.Contains(key))
            {
                active.TryCancel();
            }
        }
    }

    private async Task EndJobAsync()
    {
        try
        {
            await jobs.EndAsync(instance.Id, "success", clock.GetUtcNow(), CancellationToken.None);
        }
        catch (MetadataStoreException e)
        {
            // Others find out by the missing process or heartbeat.
            logger.MetadataUnavailable(e.Message, 0);
        }
    }

    private sealed class ActiveRun(CancellationTokenSource cancel)
    {
        public CancellationTokenSource Cancel { get; } = cancel;

        public Task Work { get; set; } = Task.CompletedTask;

        public void TryCancel()
        {
            try
            {
                Cancel.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended.
            }
        }
    }
}
