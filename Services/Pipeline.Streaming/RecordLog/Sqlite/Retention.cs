using Pipeline.Sqlite;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// Removes whole batches from the start of a partition, up to the first that is young enough: what is removed is always a
/// prefix, so that offsets stay without gaps. A segment goes when nothing of it is left.
/// </summary>
internal static class Retention
{
    private const int BatchesPerStep = 64;
    private const int PagesPerStep = 1024;

    /// <summary>log.db is not shrunk below this many free pages: the next rows need them.</summary>
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

        RemoveEmptySegments(transaction);
        return (removed, batches < BatchesPerStep && !ShrinkSome(transaction));
    }

    private static void RemoveEmptySegments(LogTransaction transaction)
    {
        var empty = new List<long>();
        var select = transaction.Log.Statement("SELECT segment_id, topic_id FROM segments WHERE batches = 0");
        while (select.Step())
        {
            if (!transaction.IsAppendingTo(select.GetInt64(1)))
            {
                empty.Add(select.GetInt64(0));
            }
        }

        foreach (var segment in empty)
        {
            transaction.Log.Statement("DELETE FROM segments WHERE segment_id = ?1").Bind(1, segment).Execute();
            transaction.DeleteAfterCommit(segment);
        }
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
        var select = log.Statement("SELECT base_offset, record_count, max_timestamp, payload_id, segment_id FROM batches WHERE partition_id = ?1 ORDER BY base_offset LIMIT 1").Bind(1, partitionId);
        StoredBatch? oldest = select.Step() ? new StoredBatch(select.GetInt64(0), select.GetInt64(1), select.GetInt64(2), IdAt(select, 3), IdAt(select, 4)) : null;
        select.Reset();
        return oldest;
    }

    private static long? IdAt(SqliteStatement select, int column) => select.IsNull(column) ? null : select.GetInt64(column);

    private static void Remove(LogConnection log, long partitionId, StoredBatch batch)
    {
        if (batch.SegmentId is { } segment)
        {
            log.Statement("UPDATE segments SET batches = batches - 1 WHERE segment_id = ?1").Bind(1, segment).Execute();
        }
        else if (batch.PayloadId is { } payload)
        {
            log.Statement("DELETE FROM payloads WHERE payload_id = ?1").Bind(1, payload).Execute();
        }

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

        transaction.Log.Statement("PRAGMA incremental_vacuum(1024)").Execute();
        return free - PagesPerStep > FreePagesKept;
    }

    private readonly record struct StoredBatch(long BaseOffset, long Count, long MaxTimestamp, long? PayloadId, long? SegmentId);
}
