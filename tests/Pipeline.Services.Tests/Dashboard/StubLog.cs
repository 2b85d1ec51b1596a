using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>A log that only knows offsets, as if retention had removed every record.</summary>
internal sealed class StubLog : IRecordLog
{
    public List<PartitionOffsets> Partitions { get; } = [];

    /// <summary>Of the processor.</summary>
    public List<Position> Committed { get; } = [];

    /// <summary>Other groups, with what they have committed.</summary>
    public List<(ConsumerGroup Group, Position[] Committed)> Groups { get; } = [];

    public List<PartitionPlace> Places { get; } = [];

    public Exception? Failure { get; set; }

    /// <summary>Makes it as it was when it was new.</summary>
    public void Reset()
    {
        Partitions.Clear();
        Committed.Clear();
        Failure = null;
    }

    public ValueTask<IReadOnlyList<PartitionOffsets>> DescribeAsync(CancellationToken cancellationToken)
        => Failure is null ? ValueTask.FromResult<IReadOnlyList<PartitionOffsets>>([.. Partitions]) : throw Failure;

    public ValueTask<IReadOnlyList<Position>> GetCommittedAsync(string group, CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<Position>>(Groups.Find(g => g.Group.Name == group) is { Group: not null } other ? other.Committed : [.. Committed]);

    public ValueTask<IReadOnlyList<ConsumerGroup>> ListGroupsAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<ConsumerGroup>>([.. Groups.Select(g => g.Group)]);

    public ValueTask<IReadOnlyList<PartitionPlace>> LocateAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<PartitionPlace>>([.. Places]);

    public ValueTask CreateTopicsAsync(IReadOnlyCollection<TopicSpec> topics, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<long> FindOffsetAsync(TopicPartition topicPartition, long timestamp, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<RecordBatch> FetchAsync(Position from, int maxRecords, CancellationToken cancellationToken) => throw new RecordLogException("It holds no records.", isTransient: false);

    public ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public IRecordWriter CreateWriter() => throw new NotSupportedException();

    public IRecordReader CreateReader(string group) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
