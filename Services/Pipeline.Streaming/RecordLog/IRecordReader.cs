namespace Pipeline.Streaming.RecordLog;

/// <summary>
/// One member of a consumer group. At-least-once: a record is delivered again after a restart unless an offset behind
/// it was committed. One thread calls <see cref="ReadAsync"/>; the other members are safe from any thread.
/// </summary>
public interface IRecordReader : IAsyncDisposable
{
    /// <summary>Joins the group. <paramref name="listener"/> is called from inside <see cref="ReadAsync"/>, never concurrently with it.</summary>
    ValueTask SubscribeAsync(IReadOnlyCollection<string> topics, IAssignmentListener listener, CancellationToken cancellationToken);

    /// <summary>
    /// The next batch of one assigned partition that is not paused, or <see langword="null"/> when none came within
    /// <paramref name="maxWait"/>. Also keeps the membership alive: call it at least every ten seconds, even when all partitions are paused.
    /// </summary>
    ValueTask<RecordBatch?> ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken);

    /// <summary>Continues a partition at another offset. A negative offset means the start of the partition.</summary>
    void Seek(Position position);

    void Pause(TopicPartition topicPartition);

    void Resume(TopicPartition topicPartition);

    /// <summary>Commits next offsets. Refused for partitions that this member no longer owns.</summary>
    /// <exception cref="PartitionFencedException">Another member owns one of the partitions by now; nothing was committed.</exception>
    ValueTask CommitAsync(IReadOnlyCollection<Position> next, CancellationToken cancellationToken);
}

/// <summary>What a group member is told when partitions move.</summary>
public interface IAssignmentListener
{
    /// <summary>Partitions were given to this member. Returns where to start each; partitions left out start at the committed offset, else at the start.</summary>
    ValueTask<IReadOnlyCollection<Position>> OnAssignedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>Partitions are about to be taken away; drain, checkpoint and commit them before returning.</summary>
    ValueTask OnRevokedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>Partitions are gone already (this member was thought dead); drop their state and commit nothing.</summary>
    ValueTask OnLostAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken);
}
