using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Quartz;

namespace Pipeline.Scheduling.Quartz;

/// <summary>One Quartz job per DAG, in memory: what is due is computed anew at every start, so Quartz has nothing to remember.</summary>
internal sealed class DagClock(ISchedulerFactory schedulers, DagCatalog catalog, ILogger<DagClock> logger)
{
    private IScheduler? _scheduler;

    /// <summary>Starts Quartz and looks at every DAG at once, so that an interval that was completed while nothing ran is run now.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        foreach (var dag in catalog.All)
        {
            var job = JobBuilder.Create<DagTriggerJob>().WithIdentity(dag.Id).StoreDurably().Build();
            await scheduler.AddJob(job, new AddJobOptions { Replace = true }, cancellationToken);
        }

        await scheduler.Start(cancellationToken);
        _scheduler = scheduler;
        foreach (var dag in catalog.All)
        {
            await scheduler.TriggerJob(new JobKey(dag.Id), cancellationToken: cancellationToken);
        }
    }

    /// <summary>Looks at a DAG now: it has room for another run.</summary>
    public void Poke(string dagId)
    {
        if (_scheduler is { } scheduler)
        {
            _ = PokeAsync(scheduler, dagId);
        }
    }

    public async Task StopAsync()
    {
        if (_scheduler is { } scheduler)
        {
            _scheduler = null;
            await scheduler.Shutdown(waitForJobsToComplete: true, CancellationToken.None);
        }
    }

    internal static ITrigger TriggerFor(string dagId, DateTimeOffset at)
        => TriggerBuilder.Create().WithIdentity(dagId).ForJob(new JobKey(dagId)).StartAt(at).Build();

    private async Task PokeAsync(IScheduler scheduler, string dagId)
    {
        try
        {
            await scheduler.TriggerJob(new JobKey(dagId), cancellationToken: CancellationToken.None);
        }
        catch (SchedulerException e)
        {
            // Quartz has shut down meanwhile; otherwise the DAG's own trigger looks again.
            logger.PokeRefused(dagId, e.Message);
        }
    }
}
