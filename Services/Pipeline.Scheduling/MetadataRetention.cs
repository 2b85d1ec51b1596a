using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Metadata;
using Pipeline.Sqlite;

namespace Pipeline.Scheduling;

/// <summary>Removes old runs with everything that belongs to them, old history, and the files of runs a while after they have finished.</summary>
public sealed class MetadataRetention
{
    private const int RunsAtOnce = 500;

    private readonly MetadataDatabase _database;
    private readonly DataDirectory _dataDirectory;
    private readonly SchedulingOptions _options;
    private readonly TimeProvider _clock;

    internal MetadataRetention(MetadataDatabase database, DataDirectory dataDirectory, IOptions<SchedulingOptions> options, TimeProvider clock)
    {
        _database = database;
        _dataDirectory = dataDirectory;
        _options = options.Value;
        _clock = clock;
    }

    /// <summary>Applies the retention of the settings. Returns how many runs and directories of runs were removed.</summary>
    /// <exception cref="MetadataStoreException">The metadata database does not answer.</exception>
    public async Task<int> PruneAsync(CancellationToken cancellationToken)
    {
        var now = _clock.GetUtcNow();
        var removed = 0;
        int batch;
        do
        {
            batch = await _database.WriteAsync(session => RetentionTable.PruneRuns(session, now - _options.RunRetention, RunsAtOnce), cancellationToken);
            removed += batch;
        }
        while (batch == RunsAtOnce);

        await _database.WriteAsync(session => RetentionTable.PruneHistory(session, now - _options.RunRetention), cancellationToken);

        // Unfinished runs keep their files however old: a retry may wait for longer than that.
        var unfinished = await _database.ReadAsync(RetentionTable.ListUnfinished, cancellationToken);
        var active = unfinished.Select(run => new RunFiles(_dataDirectory.FullPath, run.DagId, run.RunId).FullPath).ToHashSet(StringComparer.Ordinal);
        return removed + RunFiles.Prune(_dataDirectory.FullPath, now - _options.RunFilesRetention, active.Contains);
    }
}
