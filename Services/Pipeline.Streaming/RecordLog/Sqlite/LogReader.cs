using Pipeline.Sqlite;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>Reads on one connection. Not thread-safe.</summary>
internal sealed class LogReader(SqliteDatabase database, SegmentFiles files) : IDisposable
{
    private readonly LogConnection _log = new(database);
    private readonly BatchReader _batches = new(files);

    /// <summary>
    /// Reads one consistent state of a partition. Files are not part of it: when retention has deleted a segment that this state still
    /// names, the state of now is read instead.
    /// </summary>
    public T InSnapshot<T>(TopicPartition partition, Func<PartitionOffsets, T> read)
    {
        while (true)
        {
            try
            {
                using var snapshot = _log.Database.BeginRead();
                return read(Describe(partition));
            }
            catch (DamagedBatchException e)
            {
                // The snapshot has ended here.
                if (Describe(partition).Start <= e.Offset)
                {
                    throw;
                }
            }
        }
    }

    /// <inheritdoc cref="LogConnection.DataVersion"/>
    public long DataVersion() => _log.DataVersion();

    public List<PartitionOffsets> Describe()
    {
        var all = new List<PartitionOffsets>();
        var select = _log.Statement("SELECT name, number, start_offset, next_offset FROM partitions JOIN topics USING (topic_id) ORDER BY name, number");
        while (select.Step())
        {
            all.Add(new PartitionOffsets(new TopicPartition(select.GetString(0), select.GetInt32(1)), select.GetInt64(2), select.GetInt64(3)));
        }

        return all;
    }

    public PartitionOffsets Describe(TopicPartition partition)
    {
        var select = _log.Statement("SELECT start_offset, next_offset FROM partitions WHERE partition_id = ?1").Bind(1, _log.PartitionId(partition));
        select.Step();
        var offsets = new PartitionOffsets(partition, select.GetInt64(0), select.GetInt64(1));
        select.Reset();
        return offsets;
    }

    /// <summary>Every partition with the bytes of its batches: they are added up, which takes longer the more there are.</summary>
    public List<PartitionPlace> Locate()
    {
        var all = new List<PartitionPlace>();
        var select = _log.Statement(
            """
            SELECT name, number, coalesce((
                SELECT sum(coalesce(batches.length, length(payloads.bytes)))
                FROM batches LEFT JOIN payloads ON payloads.payload_id = batches.payload_id
                WHERE batches.partition_id = partitions.partition_id), 0)
            FROM partitions JOIN topics USING (topic_id) ORDER BY name, number
            """);
        while (select.Step())
        {
            all.Add(new PartitionPlace(new TopicPartition(select.GetString(0), select.GetInt32(1)), null, 1, 1, select.GetInt64(2)));
        }

        return all;
    }

    /// <param name="now">Unix ms; a member whose lease has ended is none any more.</param>
    public List<ConsumerGroup> Groups(long now)
    {
        var groups = new List<ConsumerGroup>();
        var select = _log.Statement(
            """
            SELECT group_name, (SELECT count(*) FROM group_members WHERE group_members.group_name = known.group_name AND lease_until > ?1)
            FROM (SELECT group_name FROM groups UNION SELECT group_name FROM group_offsets) AS known ORDER BY group_name
            """).Bind(1, now);
        while (select.Step())
        {
            groups.Add(new ConsumerGroup(select.GetString(0), select.GetInt32(1)));
        }

        return groups;
    }

    public long Generation(string group)
    {
        var select = _log.Statement("SELECT generation FROM groups WHERE group_name = ?1").BindText(1, group);
        var generation = select.Step() ? select.GetInt64(0) : 0;
        select.Reset();
        return generation;
    }

    public List<Position> Committed(string group)
    {
        var committed = new List<Position>();
        var select = _log.Statement("SELECT topic, partition, next_offset FROM group_offsets WHERE group_name = ?1").BindText(1, group);
        while (select.Step())
        {
            committed.Add(new Position(new TopicPartition(select.GetString(0), select.GetInt32(1)), select.GetInt64(2)));
        }

        return committed;
    }

    /// <summary>Records from an offset on, which must lie in the partition; empty at its end.</summary>
    /// <exception cref="RecordLogException">A stored batch is damaged or missing.</exception>
    public RecordBatch Read(TopicPartition partition, long from, long highWatermark, int maxRecords)
    {
        var assembler = new BatchAssembler(partition, from, maxRecords, RecordLimits.MaxBatchBytes);
        var select = _log.Statement(
            """
            SELECT base_offset, payload_id, segment_id, position, length
            FROM batches
            WHERE partition_id = ?1
              AND base_offset >= coalesce((SELECT max(base_offset) FROM batches WHERE partition_id = ?1 AND base_offset <= ?2), ?2)
            ORDER BY base_offset
            """);
        select.Bind(1, _log.PartitionId(partition)).Bind(2, from);
        try
        {
            while (!assembler.IsFull && select.Step())
            {
                var next = assembler.Next;
                if (!assembler.TryAdd(BytesOf(select), select.GetInt64(0)) || assembler.Next == next)
                {
                    // What lies before a damaged batch is still given; the next read stops at it.
                    break;
                }
            }
        }
        catch
        {
            assembler.Abandon();
            throw;
        }
        finally
        {
            select.Reset();
            _batches.Close();
        }

        if (assembler.Next == from && from < highWatermark && maxRecords > 0)
        {
            assembler.Abandon();
            throw Damaged(partition, from);
        }

        return assembler.Build(highWatermark);
    }

    /// <summary>The first offset whose record has this timestamp or a later one; the high watermark when there is none.</summary>
    public long Find(PartitionOffsets offsets, long timestamp)
    {
        var partition = offsets.TopicPartition;
        var select = _log.Statement("SELECT min(base_offset) FROM batches WHERE partition_id = ?1 AND max_timestamp >= ?2");
        select.Bind(1, _log.PartitionId(partition)).Bind(2, timestamp).Step();
        var next = select.IsNull(0) ? offsets.HighWatermark : Math.Max(offsets.Start, select.GetInt64(0));
        select.Reset();
        while (next < offsets.HighWatermark)
        {
            using var batch = Read(partition, next, offsets.HighWatermark, RecordLimits.MaxBatchRecords);
            for (var i = 0; i < batch.Count; i++)
            {
                if (batch.Timestamp(i) >= timestamp)
                {
                    return batch.Offset(i);
                }
            }

            next = batch.NextOffset;
        }

        return offsets.HighWatermark;
    }

    public void Dispose() => _log.Dispose();

    // Nothing where the bytes are not: no batch is as short as that.
    private ReadOnlySpan<byte> BytesOf(SqliteStatement batch)
    {
        if (!batch.IsNull(2))
        {
            return _batches.Read(batch.GetInt64(2), batch.GetInt64(3), batch.GetInt32(4));
        }

        var payload = _log.Statement("SELECT bytes FROM payloads WHERE payload_id = ?1").Bind(1, batch.GetInt64(1));
        var bytes = payload.Step() ? _batches.Keep(payload.GetBytes(0)) : default;
        payload.Reset();
        return bytes;
    }

    private DamagedBatchException Damaged(TopicPartition partition, long offset)
    {
        var select = _log.Statement("SELECT segment_id FROM batches WHERE partition_id = ?1 AND base_offset <= ?2 ORDER BY base_offset DESC LIMIT 1");
        var file = select.Bind(1, _log.PartitionId(partition)).Bind(2, offset).Step() && !select.IsNull(0) ? files.PathOf(select.GetInt64(0)) : _log.Database.Path;
        select.Reset();
        return new DamagedBatchException(
            $"{file} is damaged: the batch of {partition} with offset {offset} is missing or its checksum is wrong. Nothing was skipped; restore the file from a copy, or seek behind the batch to give it up.",
            offset);
    }
}

/// <summary>A stored batch is not what was written, or is not there.</summary>
internal sealed class DamagedBatchException(string message, long offset) : RecordLogException(message, isTransient: false)
{
    public long Offset { get; } = offset;
}
