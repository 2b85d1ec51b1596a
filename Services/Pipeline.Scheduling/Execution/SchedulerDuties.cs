using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>What some instance has to do now and then for all of them: find missed deadlines, close backfills that are done. Doing it twice changes nothing.</summary>
internal sealed class SchedulerDuties(
    MetadataDatabase database, DagCatalog catalog, CallbackRunner callbacks, SchedulingInstruments instruments, TimeProvider clock, ILogger<SchedulerDuties> logger)
{
    private const int AtOnce = 100;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (await database.ReadAsync(BackfillTable.HasOpen, cancellationToken))
        {
            await database.WriteAsync(session => BackfillTable.CompleteDone(session, clock.GetUtcNow()), cancellationToken);
        }

        var now = clock.GetUtcNow();
        var due = await database.ReadAsync(session => DeadlineTable.ListDue(session, now, AtOnce), cancellationToken);
        var started = new List<Task>();
        foreach (var deadline in due)
        {
            if (await database.WriteAsync(session => DeadlineTable.Decide(session, deadline.Id, now), cancellationToken) is not { } run)
            {
                continue;
            }

            instruments.DeadlineMissed(run.DagId);
            logger.DeadlineMissed(run.DagId, run.RunId, deadline.Name);
            var callback = catalog.Find(run.DagId)?.Deadlines.FirstOrDefault(d => d.Name == deadline.Name)?.OnMissed;
            callbacks.Start(started, run, null, deadline.Name, callback);
        }

        await Task.WhenAll(started);
    }
}
