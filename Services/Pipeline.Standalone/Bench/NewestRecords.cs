using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Standalone.Bench;

/// <summary>A log of which only the newest records seem to be there, so that a new group need not read a whole topic before something can be measured.</summary>
/// <param name="records">So many of each partition, counted when it is first looked at.</param>
internal sealed class NewestRecords(IRecordLog log, long records) : IRecordLog
{
    private readonly Dictionary<TopicPartition, long> _starts = [];
    private readonly Lock _gate = new();

    public string MessagingSystem => log.MessagingSystem;

    public async ValueTask<IReadOnlyList<PartitionOffsets>> DescribeAsync(CancellationToken cancellationToken)
    {
        var partitions = await log.DescribeAsync(cancellationToken);
        lock (_gate)
        {
            return [.. partitions.Select(Newest)];
        }
    }

    public ValueTask CreateTopicsAsync(IReadOnlyCollection<TopicSpec> topics, CancellationToken cancellationToken) => log.CreateTopicsAsync(topics, cancellationToken);

    public ValueTask<IReadOnlyList<Position>> GetCommittedAsync(string group, CancellationToken cancellationToken) => log.GetCommittedAsync(group, cancellationToken);

    public ValueTask<IReadOnlyList<ConsumerGroup>> ListGroupsAsync(CancellationToken cancellationToken) => log.ListGroupsAsync(cancellationToken);

    public ValueTask<IReadOnlyList<PartitionPlace>> LocateAsync(CancellationToken cancellationToken) => log.LocateAsync(cancellationToken);

    public ValueTask<long> FindOffsetAsync(TopicPartition topicPartition, long timestamp, CancellationToken cancellationToken) => log.FindOffsetAsync(topicPartition, timestamp, cancellationToken);

    public ValueTask<RecordBatch> FetchAsync(Position from, int maxRecords, CancellationToken cancellationToken) => log.FetchAsync(from, maxRecords, cancellationToken);

    public ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken) => log.ApplyRetentionAsync(cancellationToken);

    public IRecordWriter CreateWriter() => log.CreateWriter();

    public IRecordReader CreateReader(string group) => log.CreateReader(group);

    public ValueTask DisposeAsync() => log.DisposeAsync();

    private PartitionOffsets Newest(PartitionOffsets partition)
    {
        if (!_starts.TryGetValue(partition.TopicPartition, out var start))
        {
            _starts.Add(partition.TopicPartition, start = partition.HighWatermark - records);
        }

        return partition with { Start = Math.Max(partition.Start, start) };
    }
}
