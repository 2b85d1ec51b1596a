namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>Collects the records that one transaction appends to one partition, whoever appends them, into as few stored batches as possible.</summary>
internal sealed class PartitionAppender(LogConnection log, SegmentAppender segment, long partitionId)
{
    private readonly BatchEncoder _batch = new();

    public bool IsOpen { get; private set; }

    /// <summary>The offset of the next record.</summary>
    public long Next { get; private set; }

    /// <summary>Learns where the partition ends; other processes may have appended since the last transaction.</summary>
    public void Open()
    {
        var select = log.Statement("SELECT next_offset FROM partitions WHERE partition_id = ?1").Bind(1, partitionId);
        select.Step();
        Next = select.GetInt64(0);
        select.Reset();
        if (!segment.IsOpen)
        {
            segment.Open();
        }

        IsOpen = true;
    }

    public void Add(in RecordSlices slices, ReadOnlySpan<byte> bytes)
    {
        _batch.Add(slices, bytes);
        Next++;
        if (_batch.IsFull)
        {
            WriteBatch();
        }
    }

    public void Flush()
    {
        WriteBatch();
        log.Statement("UPDATE partitions SET next_offset = ?2 WHERE partition_id = ?1").Bind(1, partitionId).Bind(2, Next).Execute();
        IsOpen = false;
    }

    public void Abandon()
    {
        _batch.Clear();
        IsOpen = false;
    }

    private void WriteBatch()
    {
        if (_batch.Count == 0)
        {
            return;
        }

        var baseOffset = Next - _batch.Count;
        var bytes = _batch.Finish(baseOffset);
        var (segmentId, position) = segment.Write(bytes);
        log.Statement(
            """
            INSERT INTO batches (partition_id, base_offset, record_count, min_timestamp, max_timestamp, segment_id, position, length)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """)
            .Bind(1, partitionId).Bind(2, baseOffset).Bind(3, _batch.Count).Bind(4, _batch.MinTimestamp).Bind(5, _batch.MaxTimestamp)
            .Bind(6, segmentId).Bind(7, position).Bind(8, bytes.Length).Execute();
        _batch.Clear();
    }
}
