namespace Pipeline.Streaming.RecordLog.Groups;

/// <summary>
/// What one <see cref="GroupReader"/> needs of the log it reads. <see cref="Refresh"/>, <see cref="TryRead"/> and
/// <see cref="WaitForChangeAsync"/> are called by its reading thread only; the others by any.
/// </summary>
internal interface ILogSession : IDisposable
{
    /// <summary>Learns what was appended and how the group changed since the last call. Cheap when nothing did.</summary>
    /// <returns>The generation of the group.</returns>
    long Refresh();

    /// <summary>
    /// Records of a partition from an offset on, or null at its end. When retention removed the offset, they begin at the start
    /// of the partition.
    /// </summary>
    RecordBatch? TryRead(TopicPartition partition, long from);

    /// <summary>Returns when something may have changed since the last <see cref="Refresh"/>, at the latest after <paramref name="atMost"/> (real time).</summary>
    ValueTask WaitForChangeAsync(TimeSpan atMost, CancellationToken cancellationToken);

    /// <summary>Reads and changes the group as one atomic step.</summary>
    ValueTask<Membership> ChangeGroupAsync(Func<ConsumerGroupState, Membership> change, CancellationToken cancellationToken);

    /// <summary>Where the group continues these partitions: the committed offsets, else the starts.</summary>
    ValueTask<IReadOnlyList<Position>> GetStartPositionsAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>Keeps next offsets if <paramref name="member"/> owns all of the partitions, atomically.</summary>
    /// <exception cref="PartitionFencedException">It does not; nothing was kept.</exception>
    ValueTask CommitAsync(string member, IReadOnlyCollection<Position> next, CancellationToken cancellationToken);
}
