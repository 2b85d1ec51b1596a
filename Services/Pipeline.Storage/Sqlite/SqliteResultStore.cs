using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Sqlite;
using Pipeline.Storage.Diagnostics;

namespace Pipeline.Storage.Sqlite;

/// <summary>
/// The embedded result store: one file in the data directory, one connection that writes, a few that read. Results and progress
/// are in one transaction. Several processes may share the file.
/// </summary>
internal sealed class SqliteResultStore : IResultStore
{
    private readonly DataDirectory _directory;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<SqliteResultStore> _logger;
    private readonly StorageInstruments _instruments = new("sqlite");
    private readonly WriteQueue _writes;
    private readonly ReaderPool _readers;
    private readonly SemaphoreSlim _initializing = new(1, 1);
    private volatile bool _initialized;

    public SqliteResultStore(DataDirectory directory, IOptions<StorageOptions> options, TimeProvider time, ILogger<SqliteResultStore> logger)
    {
        _directory = directory;
        _options = options.Value;
        _time = time;
        _logger = logger;
        _writes = new WriteQueue(() => new ResultWriter(OpenToWrite()));
        _readers = new ReaderPool(() => new ResultReader(ResultsFile.OpenToRead(FilePath, _options.BusyTimeout)));
    }

    private string FilePath => _directory.File(ResultsFile.Name);

    public async ValueTask InitializeAsync(CancellationToken cancellationToken)
    {
        if (_initialized)
        {
            return;
        }

        await _initializing.WaitAsync(cancellationToken);
        try
        {
            if (!_initialized)
            {
                using var database = OpenToWrite();
                ResultsFile.Migrations.Apply(database);
                _initialized = true;
                Log.Initialized(_logger, FilePath, ResultsFile.Migrations.Version);
            }
        }
        catch (Exception e) when (Faults.IsStorageFault(e))
        {
            throw Faults.Translate(e);
        }
        finally
        {
            _initializing.Release();
        }
    }

    public async ValueTask<PartitionClaim> ClaimAsync(string topic, int partition, string owner, CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        var claim = await _writes.RunAsync(writer => writer.Claim(topic, partition, owner, Now()), cancellationToken);
        Log.Claimed(_logger, topic, partition, owner, claim.Epoch);
        return claim;
    }

    public async ValueTask<IReadOnlyList<PartitionClaim>> ResetAsync(IReadOnlyList<PartitionReset> resets, string owner, CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);

        // Progress first: from here on whoever goes on reads these records again, so that an interruption leaves nothing out.
        var claims = await _writes.RunAsync(writer => writer.Reset(resets, owner, Now()), cancellationToken);
        for (long? below = long.MaxValue; below is { } row;)
        {
            below = await Rebuild(resets, rebuild => rebuild.Events(row), cancellationToken);
        }

        await RepeatAsync(() => Rebuild(resets, rebuild => rebuild.Late(), cancellationToken));
        await RepeatAsync(() => Rebuild(resets, rebuild => rebuild.DeadLetters(), cancellationToken));
        await RepeatAsync(() => Rebuild(resets, rebuild => rebuild.Sessions(), cancellationToken));
        await RepeatAsync(() => Rebuild(resets, rebuild => rebuild.Quality(), cancellationToken));
        foreach (var series in await _writes.RunAsync(writer => writer.Deletions.Series(), cancellationToken))
        {
            await RepeatAsync(() => Rebuild(resets, rebuild => rebuild.Windows(series), cancellationToken));
        }

        Log.Reset(_logger, resets.Count, owner);
        return claims;
    }

    public async ValueTask WriteAsync(ResultBatch batch, CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        using var operation = _instruments.StartWrite(batch);
        await _writes.WriteAsync(batch, cancellationToken);
        operation.Succeeded();
    }

    public ValueTask<StoredEvent?> GetEventAsync(Guid eventId, CancellationToken cancellationToken)
        => ReadAsync("get_event", reader => reader.Events.Get(eventId), cancellationToken);

    public ValueTask<Page<StoredEvent>> QueryEventsAsync(EventQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_events", Checked(query), (reader, q) => reader.Events.Query(q), cancellationToken);

    public ValueTask<Page<WindowResult>> QueryWindowsAsync(WindowQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_windows", Checked(query), (reader, q) => reader.Windows.Query(q), cancellationToken);

    public ValueTask<Page<SessionRow>> QuerySessionsAsync(SessionQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_sessions", Checked(query), (reader, q) => reader.Sessions.Query(q), cancellationToken);

    public ValueTask<Page<LateEvent>> QueryLateAsync(RangeQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_late", Checked(query), (reader, q) => reader.Late.Query(q), cancellationToken);

    public ValueTask<Page<DeadLetterEntry>> QueryDeadLettersAsync(DeadLetterQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_dead_letters", Checked(query), (reader, q) => reader.DeadLetters.Query(q), cancellationToken);

    public ValueTask<Page<QualityResult>> QueryQualityAsync(QualityQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_quality", Checked(query), (reader, q) => reader.Quality.Query(q), cancellationToken);

    public async ValueTask<IReadOnlyList<PartitionProgress>> GetProgressAsync(CancellationToken cancellationToken)
        => await ReadAsync("get_progress", reader => reader.Progress.ReadAll(), cancellationToken);

    public async ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        var plan = RetentionPlan.At(_time.GetUtcNow(), _options);
        var removed = 0L;
        removed += await DeleteAsync(deletions => deletions.EventsBefore(plan.Events), cancellationToken);
        removed += await DeleteAsync(deletions => deletions.LateBefore(plan.Late), cancellationToken);
        removed += await DeleteAsync(deletions => deletions.DeadLettersBefore(plan.DeadLetters), cancellationToken);
        removed += await DeleteAsync(deletions => deletions.SessionsBefore(plan.Sessions), cancellationToken);
        removed += await DeleteAsync(deletions => deletions.QualityBefore(plan.Quality), cancellationToken);
        foreach (var series in await _writes.RunAsync(writer => writer.Deletions.Series(), cancellationToken))
        {
            removed += await DeleteAsync(deletions => deletions.WindowsBefore(series, plan.Windows), cancellationToken);
        }

        await DeleteAsync(deletions => deletions.IndexRunBefore(plan.Events), cancellationToken);
        await DeleteAsync(deletions => deletions.Vacuum(), cancellationToken);
        return removed;
    }

    public ValueTask DisposeAsync()
    {
        // The last connection that closes copies the write-ahead log into the file and removes it, which one for reading cannot.
        _readers.Dispose();
        _writes.Dispose();
        _initializing.Dispose();
        return ValueTask.CompletedTask;
    }

    private static TQuery Checked<TQuery>(TQuery query)
        where TQuery : RangeQuery
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, 1000);
        return query;
    }

    /// <summary>Repeats one slice until there is nothing left, and lets others write in between.</summary>
    private static async ValueTask<long> RepeatAsync(Func<ValueTask<int>> slice)
    {
        var all = 0L;
        for (var some = await slice(); some > 0; some = await slice())
        {
            all += some;
        }

        return all;
    }

    private ValueTask<long> DeleteAsync(Func<Deletions, int> slice, CancellationToken cancellationToken)
        => RepeatAsync(() => _writes.RunAsync(writer => slice(writer.Deletions), cancellationToken));

    private ValueTask<T> Rebuild<T>(IReadOnlyList<PartitionReset> resets, Func<RebuildDeletions, T> slice, CancellationToken cancellationToken)
        => _writes.RunAsync(
            writer =>
            {
                using var rebuild = new RebuildDeletions(writer.Database, resets);
                return slice(rebuild);
            },
            cancellationToken);

    private ValueTask<Page<T>> ReadAsync<TQuery, T>(string operation, TQuery query, Func<ResultReader, TQuery, Page<T>> read, CancellationToken cancellationToken)
        => ReadAsync(operation, reader => read(reader, query), cancellationToken);

    private async ValueTask<T> ReadAsync<T>(string operation, Func<ResultReader, T> read, CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        using var reading = _instruments.StartRead(operation);
        var result = await _readers.ReadAsync(read, cancellationToken);
        reading.Succeeded();
        return result;
    }

    private SqliteDatabase OpenToWrite() => ResultsFile.OpenToWrite(FilePath, _directory.Durable, _options.BusyTimeout);

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
