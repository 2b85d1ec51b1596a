using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>Turns time into queued runs: what is due by the DAG's timetable, and when to look again.</summary>
internal sealed class DagScheduler(DagRunStore runs, SchedulerSignal signal, TimeProvider clock, ILogger<DagScheduler> logger)
{
    /// <summary>Creates the runs that are due. Returns when the next one will be; <see langword="null"/> when the DAG has no schedule.</summary>
    public async Task<DateTimeOffset?> TickAsync(Dag dag, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (dag.NextInterval(null, now) is null)
        {
            return null;
        }

        var created = await runs.CreateDueRunsAsync(dag, now, cancellationToken);
        foreach (var run in created)
        {
            logger.RunScheduled(run.DagId, run.RunId);
        }

        if (created.Count > 0)
        {
            signal.Set();
        }

        var next = dag.NextInterval(runs.LastScheduledInterval(dag.Id), now);

        // Due already, but the DAG has as many runs as it may: the end of one of them asks again, this is only the safety net.
        return next is { } n && n.End <= now ? now + TimeSpan.FromSeconds(30) : next?.End;
    }
}
