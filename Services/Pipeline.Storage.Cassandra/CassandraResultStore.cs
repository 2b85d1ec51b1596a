using Microsoft.Extensions.Logging;
using Pipeline.Storage.Cassandra.Reading;
using Pipeline.Storage.Cassandra.Schema;
using Pipeline.Storage.Cassandra.Writing;
using Pipeline.Storage.Diagnostics;

namespace Pipeline.Storage.Cassandra;

/// <summary>
/// Results in Cassandra. There is no transaction over tables: rows are written first and confirmed, progress last; who crashes in
/// between writes the same rows again. Several processes share the keyspace, each partition has one writer
/// (<see cref="PartitionClaims"/>).
/// </summary>
internal sealed class CassandraResultStore : IResultStore
{
    private const string ListPartitions = "SELECT topic, partition FROM partitions WHERE scope = '" + Listings.Scope + "'";

    private readonly CassandraClient _client;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<CassandraResultStore> _logger;
    private readonly CassandraSchema _schema;
    private readonly RequestSender _sender;
    private readonly ReplicaBatches _batches;
    private readonly CassandraReader _reader;
    private readonly PartitionClaims _claims;
    private readonly BucketDirectory _directory;
    private readonly ResultTables _tables;
    private readonly StoredTables _stored;
    private readonly Removal _removal;
    private readonly StorageInstruments _instruments;
    private readonly EventQueries _events;
    private readonly WindowQueries _windows;
    private readonly SessionQueries _sessions;
    private readonly LateQueries _late;
    private readonly DeadLetterQueries _deadLetters;
    private readonly QualityQueries _quality;
    private readonly SemaphoreSlim _initializing = new(1, 1);
    private volatile bool _initialized;

    public CassandraResultStore(CassandraClient client, RequestSender sender, StorageOptions options, TimeProvider time, ILogger<CassandraResultStore> logger)
    {
        _client = client;
        _options = options;
        _time = time;
        _logger = logger;
        var layout = new Layout(client.Options);
        _schema = new CassandraSchema(client, time, logger);
        _sender = sender;
        _batches = ReplicaBatches.For(client);
        _reader = new CassandraReader(client);
        _claims = new PartitionClaims(client, time);
        _directory = new BucketDirectory(client, _reader, _sender, layout, options);
        _tables = new ResultTables(client, layout, options);
        _stored = new StoredTables(client, layout, _tables.Sessions);
        _removal = new Removal(_reader, _sender, _batches, _directory, _stored, time);
        _instruments = new StorageInstruments("cassandra", client.Options.Keyspace);
        _events = new EventQueries(_reader, layout);
        _windows = new WindowQueries(_reader);
        _sessions = new SessionQueries(_reader);
        _late = new LateQueries(_reader, layout);
        _deadLetters = new DeadLetterQueries(_reader, layout);
        _quality = new QualityQueries(_reader);
    }

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
                await _schema.ApplyAsync(cancellationToken);
                await _tables.PrepareAsync(cancellationToken);
                await _stored.PrepareAsync(cancellationToken);
                _batches.Use(await BatchLimits.ReadAsync(_client, cancellationToken));
                _initialized = true;
                Log.Initialized(_logger, $"{_client.Options.Keyspace} at {_client.Address}", CassandraSchema.Version);
            }
        }
        finally
        {
            _initializing.Release();
        }
    }

    public async ValueTask<PartitionClaim> ClaimAsync(string topic, int partition, string owner, CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        var claim = await LockedAsync(topic, partition, state => _claims.ClaimAsync(state, owner, cancellationToken), cancellationToken);
        Log.Claimed(_logger, topic, partition, owner, claim.Epoch);
        return claim;
    }

    public async ValueTask<IReadOnlyList<PartitionClaim>> ResetAsync(IReadOnlyList<PartitionReset> resets, string owner, CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);

        // Progress first: from here on whoever goes on reads these records again, so that an interruption leaves nothing out.
        var claims = new List<PartitionClaim>();
        var removals = new List<(PartitionReset, long)>();
        foreach (var reset in resets)
        {
            var (claim, writeTime) = await LockedAsync(reset.Topic, reset.Partition, state => _claims.ResetAsync(state, reset, owner, cancellationToken), cancellationToken);
            claims.Add(claim);
            removals.Add((reset, writeTime));
        }

        await _removal.RemoveDerivedAsync(removals, cancellationToken);
        Log.Reset(_logger, resets.Count, owner);
        return claims;
    }

    public async ValueTask WriteAsync(ResultBatch batch, CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        using var operation = _instruments.StartWrite(batch);
        await LockedAsync(
            batch.Progress.Topic,
            batch.Progress.Partition,
            async state =>
            {
                var progress = batch.Progress;
                await _claims.EnsureAsync(state, progress.Epoch, cancellationToken);
                var plan = new WritePlan(state.Row.WriteTime, _time.GetUtcNow().ToUnixTimeMilliseconds());
                _tables.Write(batch, state.Row, plan);
                await _directory.AnnounceAsync(plan, cancellationToken);
                await _sender.SendAsync(_batches.Combine(plan.Writes), cancellationToken);
                operation.RowsWritten();
                await _claims.ConfirmAsync(state, progress, plan.NextWriteTime + 1, cancellationToken);
                return true;
            },
            cancellationToken);
        operation.Succeeded();
    }

    public ValueTask<StoredEvent?> GetEventAsync(Guid eventId, CancellationToken cancellationToken)
        => ReadAsync("get_event", () => _events.GetAsync(eventId, cancellationToken), cancellationToken);

    public ValueTask<Page<StoredEvent>> QueryEventsAsync(EventQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_events", Checked(query), q => _events.QueryAsync(q, cancellationToken), cancellationToken);

    public ValueTask<Page<WindowResult>> QueryWindowsAsync(WindowQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_windows", Checked(query), q => _windows.QueryAsync(q, cancellationToken), cancellationToken);

    public ValueTask<Page<SessionRow>> QuerySessionsAsync(SessionQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_sessions", Checked(query), q => _sessions.QueryAsync(q, cancellationToken), cancellationToken);

    public ValueTask<Page<LateEvent>> QueryLateAsync(RangeQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_late", Checked(query), q => _late.QueryAsync(q, cancellationToken), cancellationToken);

    public ValueTask<Page<DeadLetterEntry>> QueryDeadLettersAsync(DeadLetterQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_dead_letters", Checked(query), q => _deadLetters.QueryAsync(q, cancellationToken), cancellationToken);

    public ValueTask<Page<QualityResult>> QueryQualityAsync(QualityQuery query, CancellationToken cancellationToken)
        => ReadAsync("query_quality", Checked(query), q => _quality.QueryAsync(q, cancellationToken), cancellationToken);

    public ValueTask<IReadOnlyList<PartitionProgress>> GetProgressAsync(CancellationToken cancellationToken)
        => ReadAsync<IReadOnlyList<PartitionProgress>>(
            "get_progress",
            async () =>
            {
                var partitions = new List<(string Topic, int Partition)>();
                await foreach (var row in _reader.ReadAsync(ListPartitions, [], bytes: null, cancellationToken))
                {
                    partitions.Add((row.Text("topic"), row.GetValue<int>("partition")));
                }

                return await _claims.ReadAsync(partitions, cancellationToken);
            },
            cancellationToken);

    public async ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        _directory.Reset();
        return await _removal.ApplyRetentionAsync(RetentionPlan.At(_time.GetUtcNow(), _options), cancellationToken);
    }

    /// <summary>Leaves client and sender open, which the checkpoints use too.</summary>
    public ValueTask DisposeAsync()
    {
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

    private async ValueTask<T> LockedAsync<T>(string topic, int partition, Func<ClaimState, Task<T>> work, CancellationToken cancellationToken)
    {
        var state = _claims.StateOf(topic, partition);
        await state.Gate.WaitAsync(cancellationToken);
        try
        {
            return await work(state);
        }
        finally
        {
            state.Gate.Release();
        }
    }

    private ValueTask<T> ReadAsync<TQuery, T>(string operation, TQuery query, Func<TQuery, ValueTask<T>> read, CancellationToken cancellationToken)
        => ReadAsync(operation, () => read(query), cancellationToken);

    private async ValueTask<T> ReadAsync<T>(string operation, Func<ValueTask<T>> read, CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        using var reading = _instruments.StartRead(operation);
        var result = await read();
        reading.Succeeded();
        return result;
    }
}
