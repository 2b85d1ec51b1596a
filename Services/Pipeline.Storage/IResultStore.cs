namespace Pipeline.Storage;

/// <summary>
/// Where results live: events, windowed metrics, sessions, late events, the dead-letter index, quality results and the
/// progress of each partition. Every write is idempotent by key, so a replay changes nothing.
/// Implementations: SQLite, Cassandra. All members are safe for concurrent use.
/// </summary>
public interface IResultStore : IAsyncDisposable
{
    /// <summary>Creates or migrates the schema; safe when several instances start at once.</summary>
    /// <exception cref="StorageException">Unreachable, damaged, read-only, full, or written by a newer version.</exception>
    ValueTask InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Takes a partition over: raises its epoch, which fences the writer before, and returns what was stored about it.</summary>
    ValueTask<PartitionClaim> ClaimAsync(string topic, int partition, string owner, CancellationToken cancellationToken);

    /// <summary>
    /// Prepares a rebuild of these partitions from the log: takes them over, moves their progress to the first offset that the log
    /// still holds, and removes what was derived from there on. What the log no longer holds stays, and so do windows and
    /// sessions that the log holds only in part: from now on writes to them are ignored (<see cref="PartitionReset"/>).
    /// Safe to run again after it was interrupted.
    /// </summary>
    ValueTask<IReadOnlyList<PartitionClaim>> ResetAsync(IReadOnlyList<PartitionReset> resets, string owner, CancellationToken cancellationToken);

    /// <summary>Writes results and progress; when it returns they are durable, and where the store can, in one transaction.</summary>
    /// <exception cref="StaleEpochException">
    /// The partition was taken over by another writer; nothing was written, or, where the store has no transaction over tables, nothing that does not
    /// lose against the rows of the new writer.
    /// </exception>
    /// <exception cref="StorageException">Not written; <see cref="StorageException.IsTransient"/> tells whether a retry can help.</exception>
    ValueTask WriteAsync(ResultBatch batch, CancellationToken cancellationToken);

    /// <summary>The event with this id; the newest one where a foreign source gave one id to events of several times.</summary>
    ValueTask<StoredEvent?> GetEventAsync(Guid eventId, CancellationToken cancellationToken);

    /// <summary>Events by event time, newest first; events of one millisecond in an order of the store's own that never changes.</summary>
    ValueTask<Page<StoredEvent>> QueryEventsAsync(EventQuery query, CancellationToken cancellationToken);

    /// <summary>Windows merged over the source partitions, ordered by (window start, dimension value).</summary>
    ValueTask<Page<WindowResult>> QueryWindowsAsync(WindowQuery query, CancellationToken cancellationToken);

    /// <summary>Sessions by their start, newest first.</summary>
    ValueTask<Page<SessionRow>> QuerySessionsAsync(SessionQuery query, CancellationToken cancellationToken);

    /// <summary>Late events by event time, newest first.</summary>
    ValueTask<Page<LateEvent>> QueryLateAsync(RangeQuery query, CancellationToken cancellationToken);

    /// <summary>Dead letters by the time their record was appended to the log, newest first.</summary>
    ValueTask<Page<DeadLetterEntry>> QueryDeadLettersAsync(DeadLetterQuery query, CancellationToken cancellationToken);

    /// <summary>Quality results merged over the source partitions, newest window first.</summary>
    ValueTask<Page<QualityResult>> QueryQualityAsync(QualityQuery query, CancellationToken cancellationToken);

    /// <summary>The progress of every partition, ordered by topic and partition.</summary>
    ValueTask<IReadOnlyList<PartitionProgress>> GetProgressAsync(CancellationToken cancellationToken);

    /// <summary>Removes what is older than its table's time to live. Returns how many rows were removed.</summary>
    ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken);
}
