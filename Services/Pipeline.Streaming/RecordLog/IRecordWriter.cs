namespace Pipeline.Streaming.RecordLog;

/// <summary>Appends records. Safe for concurrent use; concurrent appends share one commit (group commit).</summary>
public interface IRecordWriter : IAsyncDisposable
{
    /// <summary>
    /// Appends the records and returns when every one of them is durable. A record with a key goes to the partition of
    /// its key (<see cref="Partitioner"/>), one without to a partition of the writer's choice. Waits when too much is in flight; never drops.
    /// All or nothing for embedded logs; with a broker a failure may leave some records written (the exception counts them).
    /// </summary>
    /// <exception cref="RecordLogException">Not (all) written; <see cref="RecordLogException.IsTransient"/> tells whether a retry can help.</exception>
    ValueTask<AppendResult> AppendAsync(string topic, RecordBatchBuilder records, CancellationToken cancellationToken);
}

/// <summary>How many records were appended, and the last offset of each partition that received some.</summary>
public sealed record AppendResult(int Count, IReadOnlyList<Position> LastOffsets);
