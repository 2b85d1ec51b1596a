using Pipeline.Streaming.Diagnostics;

namespace Pipeline.Streaming.RecordLog;

/// <summary>
/// A durable, partitioned log of records: topics, their partitions' offsets, and the readers and writers of them.
/// Implementations: in memory, SQLite, Kafka. All members are safe for concurrent use.
/// </summary>
public interface IRecordLog : IAsyncDisposable
{
    /// <summary>What traces call it. Default: the embedded log.</summary>
    string MessagingSystem => SemanticConventions.SystemEmbedded;

    /// <summary>Creates the topics that do not exist; a topic that exists with another partition count is an error.</summary>
    /// <exception cref="RecordLogException">The log cannot be reached, or a topic exists with another shape.</exception>
    ValueTask CreateTopicsAsync(IReadOnlyCollection<TopicSpec> topics, CancellationToken cancellationToken);

    /// <summary>
    /// Every partition of every topic with its start offset and high watermark; on a broker, of the topics that this process has
    /// created, read or written, because the cluster may be shared.
    /// </summary>
    ValueTask<IReadOnlyList<PartitionOffsets>> DescribeAsync(CancellationToken cancellationToken);

    /// <summary>The committed offsets of a group; partitions it never committed are absent.</summary>
    ValueTask<IReadOnlyList<Position>> GetCommittedAsync(string group, CancellationToken cancellationToken);

    /// <summary>The consumer groups that the log knows, by name; on a broker those of everybody.</summary>
    ValueTask<IReadOnlyList<ConsumerGroup>> ListGroupsAsync(CancellationToken cancellationToken);

    /// <summary>Where the described partitions lie and how large they are. For people who look now and then: it may take a while.</summary>
    ValueTask<IReadOnlyList<PartitionPlace>> LocateAsync(CancellationToken cancellationToken);

    /// <summary>The offset of the first record of a partition whose timestamp (Unix ms) is at or after the given one; the high watermark when there is none.</summary>
    ValueTask<long> FindOffsetAsync(TopicPartition topicPartition, long timestamp, CancellationToken cancellationToken);

    /// <summary>Reads records without a group, for browsing and rebuilding. Returns an empty batch at the end of the partition.</summary>
    /// <exception cref="RecordLogException">The offset is before the start of the partition (removed by retention) or the partition does not exist.</exception>
    ValueTask<RecordBatch> FetchAsync(Position from, int maxRecords, CancellationToken cancellationToken);

    /// <summary>Removes the records that are older than their topic's retention; a broker does so itself. Returns how many were removed.</summary>
    ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken);

    IRecordWriter CreateWriter();

    /// <summary>A member of a consumer group. Partitions are shared among the live members of the group.</summary>
    IRecordReader CreateReader(string group);
}

/// <summary>A topic as it shall be.</summary>
/// <param name="Retention">How long a record is kept after its timestamp; <see langword="null"/> keeps it for ever.</param>
public sealed record TopicSpec(string Name, int Partitions, TimeSpan? Retention)
{
    /// <summary>What a broker shall accept as one record at most, in bytes; <see langword="null"/> leaves that to its settings.</summary>
    public int? MaxRecordBytes { get; init; }
}

/// <summary>What a partition holds: offsets in [Start, HighWatermark).</summary>
public readonly record struct PartitionOffsets(TopicPartition TopicPartition, long Start, long HighWatermark);

/// <param name="Members">Members that are alive; 0 for a group that only has committed offsets.</param>
public sealed record ConsumerGroup(string Name, int Members);

/// <summary>Where a partition lies.</summary>
/// <param name="Leader">The broker that takes its appends; null where there are no brokers, and while none leads it.</param>
/// <param name="Replicas">Copies that there shall be.</param>
/// <param name="InSync">Copies that have all of it.</param>
/// <param name="Bytes">What its records take as they are stored; null where a log does not tell.</param>
public readonly record struct PartitionPlace(TopicPartition TopicPartition, string? Leader, int Replicas, int InSync, long? Bytes);
