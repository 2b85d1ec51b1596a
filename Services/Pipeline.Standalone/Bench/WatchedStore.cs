using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.Storage;
using Pipeline.Streaming;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// A store that remembers what it confirmed, so that a measurement need not ask the servers how far they are: asked often enough to measure by, they would
/// spend a tenth of their time on the answers. What is confirmed can be read.
/// </summary>
internal sealed class WatchedStore : IResultStore
{
    private readonly IResultStore _store;
    private readonly MeterListener _listener = new();

    // The batch whose write this flow of control is, for what the store says of it meanwhile.
    private readonly AsyncLocal<ResultBatch?> _writing = new();
    private readonly ConcurrentDictionary<TopicPartition, PartitionProgress> _confirmed = new();

    // One that waits says as much as many.
    private readonly Channel<bool> _writes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public WatchedStore(IResultStore store)
    {
        _store = store;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "pipeline.store.rows")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, _, _, _) => RowsWritten());
        _listener.Start();
    }

    /// <summary>
    /// When the rows of a write were confirmed and could be read (stopwatch ticks), and what it had reached with them. The progress behind them, by which a restart goes, is confirmed a
    /// little later (<see cref="Confirmed"/>).
    /// </summary>
    public ConcurrentQueue<(Position Next, long At)> Readable { get; } = [];

    /// <summary>How far each partition's results are confirmed.</summary>
    public IReadOnlyDictionary<TopicPartition, PartitionProgress> Confirmed => _confirmed;

    /// <summary>Records whose results are confirmed, and how many of them are stored events.</summary>
    public (long Consumed, long Stored) Totals => (_confirmed.Values.Sum(p => p.Consumed), _confirmed.Values.Sum(p => p.Stored));

    /// <summary>Puts itself before the store that is registered.</summary>
    public static void Watch(IServiceCollection services)
    {
        var make = services.Last(s => s.ServiceType == typeof(IResultStore)).ImplementationFactory!;
        services.AddSingleton(provider => new WatchedStore((IResultStore)make(provider)));
        services.Replace(ServiceDescriptor.Singleton<IResultStore>(provider => provider.GetRequiredService<WatchedStore>()));
    }

    /// <summary>Until results were confirmed since the last time.</summary>
    public async ValueTask WrittenAsync(CancellationToken cancellationToken) => await _writes.Reader.ReadAsync(cancellationToken);

    /// <summary>Until the results of so many records are confirmed.</summary>
    public async ValueTask WrittenAsync(long records, CancellationToken cancellationToken)
    {
        while (Totals.Consumed < records)
        {
            await WrittenAsync(cancellationToken);
        }
    }

    public async ValueTask WriteAsync(ResultBatch batch, CancellationToken cancellationToken)
    {
        _writing.Value = batch;
        await _store.WriteAsync(batch, cancellationToken);
        _confirmed[new TopicPartition(batch.Progress.Topic, batch.Progress.Partition)] = batch.Progress;
        _writes.Writer.TryWrite(true);
    }

    public ValueTask InitializeAsync(CancellationToken cancellationToken) => _store.InitializeAsync(cancellationToken);

    public ValueTask<PartitionClaim> ClaimAsync(string topic, int partition, string owner, CancellationToken cancellationToken)
        => _store.ClaimAsync(topic, partition, owner, cancellationToken);

    public ValueTask<IReadOnlyList<PartitionClaim>> ResetAsync(IReadOnlyList<PartitionReset> resets, string owner, CancellationToken cancellationToken)
        => _store.ResetAsync(resets, owner, cancellationToken);

    public ValueTask<StoredEvent?> GetEventAsync(Guid eventId, CancellationToken cancellationToken) => _store.GetEventAsync(eventId, cancellationToken);

    public ValueTask<Page<StoredEvent>> QueryEventsAsync(EventQuery query, CancellationToken cancellationToken) => _store.QueryEventsAsync(query, cancellationToken);

    public ValueTask<Page<WindowResult>> QueryWindowsAsync(WindowQuery query, CancellationToken cancellationToken) => _store.QueryWindowsAsync(query, cancellationToken);

    public ValueTask<Page<SessionRow>> QuerySessionsAsync(SessionQuery query, CancellationToken cancellationToken) => _store.QuerySessionsAsync(query, cancellationToken);

    public ValueTask<Page<LateEvent>> QueryLateAsync(RangeQuery query, CancellationToken cancellationToken) => _store.QueryLateAsync(query, cancellationToken);

    public ValueTask<Page<DeadLetterEntry>> QueryDeadLettersAsync(DeadLetterQuery query, CancellationToken cancellationToken)
        => _store.QueryDeadLettersAsync(query, cancellationToken);

    public ValueTask<Page<QualityResult>> QueryQualityAsync(QualityQuery query, CancellationToken cancellationToken) => _store.QueryQualityAsync(query, cancellationToken);

    public ValueTask<IReadOnlyList<PartitionProgress>> GetProgressAsync(CancellationToken cancellationToken) => _store.GetProgressAsync(cancellationToken);

    public ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken) => _store.ApplyRetentionAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        return _store.DisposeAsync();
    }

    // Once for each table of the batch, all at the same time.
    private void RowsWritten()
    {
        if (_writing.Value is { } batch)
        {
            _writing.Value = null;
            Readable.Enqueue((new Position(new TopicPartition(batch.Progress.Topic, batch.Progress.Partition), batch.Progress.NextOffset), Stopwatch.GetTimestamp()));
        }
    }
}
