namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// Removes whole batches from the start of a partition, up to the first that is young enough: what is removed is always a
/// prefix, so that offsets stay without gaps. Freed pages are used again; they go back to the file system only when most of the
/// file is free.
/// </summary>
internal static class Retention
{
    private const int BatchesPerStep = 64;
    private const int PagesPerStep = 128;

    /// <summary>The file is not shrunk below this many free pages (16 MiB): the next records need them.</summary>
    private const int FreePagesKept = 256;

    public static (long Records, bool IsDone) RemoveSome(LogTransaction transaction, long now)
    {
        var log = transaction.Log;
        var removed = 0L;
        var batches = 0;
        foreach (var (partitionId, olderThan) in Expiring(log, now))
        {
            while (batches < BatchesPerStep && Oldest(log, partitionId) is { } oldest && oldest.MaxTimestamp < olderThan)
            {
                Remove(log, partitionId, oldest);
                removed += oldest.Count;
                batches++;
            }
        }

        return (removed, batches < BatchesPerStep && !ShrinkSome(transaction));
    }

    private static List<(long PartitionId, long OlderThan)> Expiring(LogConnection log, long now)
    {
        var expiring = new List<(long, long)>();
        var select = log.Statement("SELECT partition_id, ?1 - retention_ms FROM partitions JOIN topics USING (topic_id) WHERE retention_ms IS NOT NULL").Bind(1, now);
        while (select.Step())
        {
            expiring.Add((select.GetInt64(0), select.GetInt64(1)));
        }

        return expiring;
    }

    private static StoredBatch? Oldest(LogConnection log, long partitionId)
    {
        var select = log.Statement("SELECT base_offset, record_count, max_timestamp, payload_id FROM batches WHERE partition_id = ?1 ORDER BY base_offset LIMIT 1").Bind(1, partitionId);
        StoredBatch? oldest = select.Step() ? new StoredBatch(select.GetInt64(0), select.GetInt64(1), select.GetInt64(2), select.GetInt64(3)) : null;
        select.Reset();
        return oldest;
    }

    private static void Remove(LogConnection log, long partitionId, StoredBatch batch)
    {
        log.Statement("DELETE FROM payloads WHERE payload_id = ?1").Bind(1, batch.PayloadId).Execute();
        log.Statement("DELETE FROM batches WHERE partition_id = ?1 AND base_offset = ?2").Bind(1, partitionId).Bind(2, batch.BaseOffset).Execute();
        log.Statement("UPDATE partitions SET start_offset = ?2 WHERE partition_id = ?1").Bind(1, partitionId).Bind(2, batch.BaseOffset + batch.Count).Execute();
    }

    /// <returns>Whether there is more to shrink.</returns>
    private static bool ShrinkSome(LogTransaction transaction)
    {
        var free = transaction.Database.QueryInt64("PRAGMA freelist_count");
        if (free <= FreePagesKept || free * 2 < transaction.Database.QueryInt64("PRAGMA page_count"))
        {
            return false;
        }

        transaction.Log.Statement("PRAGMA incremental_vacuum(128)").Execute();
        return free - PagesPerStep > FreePagesKept;
    }

    private readonly record struct StoredBatch(long BaseOffset, long Count, long MaxTimestamp, long PayloadId);
}
