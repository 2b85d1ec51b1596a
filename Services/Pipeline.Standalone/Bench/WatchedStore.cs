using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.Storage;
using Pipeline.Streaming;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// A store that remembers what it confirmed, so that a measurement need not ask the servers how far they are: asked often enough to measure by, they would
/// spend a tenth of their time on the answers. What is confirmed can be read.
/// </summary>
internal sealed class WatchedStore(IResultStore store) : IResultStore
{
    private readonly ConcurrentDictionary<TopicPartition, PartitionProgress> _confirmed = new();

    // One that waits says as much as many.
    private readonly Channel<bool> _writes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

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
        await store.WriteAsync(batch, cancellationToken);
        _confirmed[new TopicPartition(batch.Progress.Topic, batch.Progress.Partition)] = batch.Progress;
        _writes.Writer.TryWrite(true);
    }

    public ValueTask InitializeAsync(CancellationToken cancellationToken) => store.InitializeAsync(cancellationToken);

    public ValueTask<PartitionClaim> ClaimAsync(string topic, int partition, string owner, CancellationToken cancellationToken)
        => store.ClaimAsync(topic, partition, owner, cancellationToken);

    public ValueTask<IReadOnlyList<PartitionClaim>> ResetAsync(IReadOnlyList<PartitionReset> resets, string owner, CancellationToken cancellationToken)
        => store.ResetAsync(resets, owner, cancellationToken);

    public ValueTask<StoredEvent?> GetEventAsync(Guid eventId, CancellationToken cancellationToken) => store.GetEventAsync(eventId, cancellationToken);

    public ValueTask<Page<StoredEvent>> QueryEventsAsync(EventQuery query, CancellationToken cancellationToken) => store.QueryEventsAsync(query, cancellationToken);

    public ValueTask<Page<WindowResult>> QueryWindowsAsync(WindowQuery query, CancellationToken cancellationToken) => store.QueryWindowsAsync(query, cancellationToken);

    public ValueTask<Page<SessionRow>> QuerySessionsAsync(SessionQuery query, CancellationToken cancellationToken) => store.QuerySessionsAsync(query, cancellationToken);

    public ValueTask<Page<LateEvent>> QueryLateAsync(RangeQuery query, CancellationToken cancellationToken) => store.QueryLateAsync(query, cancellationToken);

    public ValueTask<Page<DeadLetterEntry>> QueryDeadLettersAsync(DeadLetterQuery query, CancellationToken cancellationToken)
        => store.QueryDeadLettersAsync(query, cancellationToken);

    public ValueTask<Page<QualityResult>> QueryQualityAsync(QualityQuery query, CancellationToken cancellationToken) => store.QueryQualityAsync(query, cancellationToken);

    public ValueTask<IReadOnlyList<PartitionProgress>> GetProgressAsync(CancellationToken cancellationToken) => store.GetProgressAsync(cancellationToken);

    public ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken) => store.ApplyRetentionAsync(cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
