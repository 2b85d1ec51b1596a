using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;
using Quartz;

namespace Pipeline.Scheduling.Quartz;

/// <summary>Fires when a DAG is due and sets its own next trigger, so that the timetable decides and Quartz only keeps the time.</summary>
[DisallowConcurrentExecution]
internal sealed class DagTriggerJob(DagCatalog catalog, DagScheduler scheduler, TimeProvider clock, ILogger<DagTriggerJob> logger) : IJob
{
    private static readonly TimeSpan RetryAfterFault = TimeSpan.FromSeconds(5);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        var dag = catalog.Find(context.JobDetail.Key.Name)!;
        DateTimeOffset? next;
        try
        {
            next = await scheduler.TickAsync(dag, cancellationToken);
        }
        catch (MetadataStoreException e)
        {
            next = clock.GetUtcNow() + RetryAfterFault;
            logger.MetadataUnavailable(e.Message, RetryAfterFault.TotalSeconds);
        }

        if (next is { } at)
        {
            await context.Scheduler.ScheduleJob(DagClock.TriggerFor(dag.Id, at), new ScheduleJobOptions { Replace = true }, cancellationToken);
        }
    }
}
