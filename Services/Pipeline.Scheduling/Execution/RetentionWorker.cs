using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;
using Pipeline.Sqlite;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// Removes old runs with everything that belongs to them, and the files of runs a while after they have finished; keeps the list of DAGs that somebody has.
/// </summary>
internal sealed class RetentionWorker(
    MetadataDatabase database,
    DagCatalog catalog,
    DataDirectory dataDirectory,
    IOptions<SchedulingOptions> options,
    TimeProvider clock,
    ILogger<RetentionWorker> logger) : BackgroundService
{
    private const int RunsAtOnce = 500;

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
            var removed = 0;
            int batch;
            do
            {
                batch = await database.WriteAsync(session => RetentionTable.PruneRuns(session, now - options.Value.RunRetention, RunsAtOnce), cancellationToken);
                removed += batch;
            }
            while (batch == RunsAtOnce);

            await database.WriteAsync(session => RetentionTable.PruneHistory(session, now - options.Value.RunRetention), cancellationToken);

            // Unfinished runs keep their files however old: a retry may wait for longer than that.
            var unfinished = await database.ReadAsync(RetentionTable.ListUnfinished, cancellationToken);
            var active = unfinished.Select(run => new RunFiles(dataDirectory.FullPath, run.DagId, run.RunId).FullPath).ToHashSet(StringComparer.Ordinal);
            var directories = RunFiles.Prune(dataDirectory.FullPath, now - options.Value.RunFilesRetention, active.Contains);
            if (removed + directories > 0)
            {
                logger.Pruned(removed, directories);
            }
        }
        catch (Exception e) when (e is MetadataStoreException or IOException or UnauthorizedAccessException)
        {
            // Nothing depends on it; the next round tries again.
            logger.PruneFailed(e.Message);
        }
    }
}
