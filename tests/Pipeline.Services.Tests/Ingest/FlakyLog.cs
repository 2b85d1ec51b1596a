using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Services.Tests.Ingest;

/// <summary>A log whose first appends fail.</summary>
internal sealed class FlakyLog(IRecordLog inner, int failures, bool isTransient) : IRecordLog
{
    private int _failures = failures;

    public ValueTask CreateTopicsAsync(IReadOnlyCollection<TopicSpec> topics, CancellationToken cancellationToken) => inner.CreateTopicsAsync(topics, cancellationToken);

    public ValueTask<IReadOnlyList<PartitionOffsets>> DescribeAsync(CancellationToken cancellationToken) => inner.DescribeAsync(cancellationToken);

    public ValueTask<IReadOnlyList<Position>> GetCommittedAsync(string group, CancellationToken cancellationToken) => inner.GetCommittedAsync(group, cancellationToken);

    public ValueTask<IReadOnlyList<ConsumerGroup>> ListGroupsAsync(CancellationToken cancellationToken) => inner.ListGroupsAsync(cancellationToken);

    public ValueTask<IReadOnlyList<PartitionPlace>> LocateAsync(CancellationToken cancellationToken) => inner.LocateAsync(cancellationToken);

    public ValueTask<long> FindOffsetAsync(TopicPartition topicPartition, long timestamp, CancellationToken cancellationToken)
        => inner.FindOffsetAsync(topicPartition, timestamp, cancellationToken);

    public ValueTask<RecordBatch> FetchAsync(Position from, int maxRecords, CancellationToken cancellationToken) => inner.FetchAsync(from, maxRecords, cancellationToken);

    public ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken) => inner.ApplyRetentionAsync(cancellationToken);

    public IRecordWriter CreateWriter() => new Writer(this, inner.CreateWriter());

    public IRecordReader CreateReader(string group) => inner.CreateReader(group);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class Writer(FlakyLog log, IRecordWriter inner) : IRecordWriter
    {
        public ValueTask<AppendResult> AppendAsync(string topic, RecordBatchBuilder records, CancellationToken cancellationToken)
            => Interlocked.Decrement(ref log._failures) >= 0
                ? throw new RecordLogException("The disk that holds the log is full.", log.IsTransient)
                : inner.AppendAsync(topic, records, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private bool IsTransient => isTransient;
}
