using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// Applies <see cref="MetadataRetention"/> at intervals, and keeps the list of DAGs that somebody has.
/// </summary>
internal sealed class RetentionWorker(
    MetadataDatabase database,
    DagCatalog catalog,
    MetadataRetention retention,
    IOptions<SchedulingOptions> options,
    TimeProvider clock,
    ILogger<RetentionWorker> logger) : BackgroundService
{
    /// <summary>Rounds that a process may miss before its DAGs count as gone.</summary>
    private const int StaleRounds = 5;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.PruneInterval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await PruneAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The normal end.
        }
    }

    internal async Task PruneAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        try
        {
            await database.WriteAsync(
                session => DagTable.Touch(
                    session, [.. catalog.All.Select(dag => dag.Id)], [.. catalog.Errors.Select(error => error.Source)], now, now - (options.Value.PruneInterval * StaleRounds)),
                cancellationToken);
            var removed = await retention.PruneAsync(cancellationToken);
            if (removed > 0)
            {
                logger.Pruned(removed);
            }
        }
        catch (Exception e) when (e is MetadataStoreException or IOException or UnauthorizedAccessException)
        {
            // Nothing depends on it; the next round tries again.
            logger.PruneFailed(e.Message);
        }
    }
}
