namespace Pipeline.Streaming.Processing;

/// <summary>
/// The end of a topology, for one partition: it gathers rows and writes them with the partition's progress, so that it can
/// say after a crash up to which offset everything is stored. Writes must be idempotent by key.
/// </summary>
public abstract class Sink<TEvent>(string name)
    where TEvent : struct
{
    public string Name { get; } = name;

    /// <summary>Rows gathered since the last write.</summary>
    public abstract int PendingRows { get; }

    /// <summary>Takes the partition over from whoever wrote it before.</summary>
    /// <returns>What is stored already; <see langword="null"/> when nothing is.</returns>
    public abstract ValueTask<StoredProgress?> OpenAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Takes rows from a settled batch, leaving out records before <paramref name="fromOffset"/>: those are stored. Memory of the
    /// records stays valid until <see cref="WriteAsync"/> has returned and <see cref="Clear"/> is called.
    /// </summary>
    public abstract void Accept(StreamBatch<TEvent> batch, long fromOffset);

    /// <summary>Writes what was gathered and the progress; when it returns they are durable. May be called again after a failure.</summary>
    /// <exception cref="RecordLog.PartitionFencedException">Another writer took the partition over.</exception>
    public abstract ValueTask WriteAsync(TaskProgress progress, CancellationToken cancellationToken);

    /// <summary>Forgets the gathered rows.</summary>
    public abstract void Clear();
}

/// <summary>What a sink remembers of a partition.</summary>
/// <param name="NextOffset">Everything before it is stored.</param>
public readonly record struct StoredProgress(long NextOffset, RecordCounters Counters);
