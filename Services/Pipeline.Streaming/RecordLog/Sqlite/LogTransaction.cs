using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog.Groups;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// What can be written to the log, on the one writing connection of this process and inside its current transaction. Offsets are
/// given out inside the transaction, so that they have no gaps however many processes append and however they end.
/// </summary>
internal sealed class LogTransaction(SqliteDatabase database, SegmentFiles files, bool durable) : IDisposable
{
    /// <summary>After so many commits the write-ahead log, a few pages each, is copied into the file.</summary>
    private const int CommitsPerCheckpoint = 256;

    private readonly LogConnection _log = new(database);
    private readonly Dictionary<long, PartitionAppender> _appenders = [];
    private readonly Dictionary<long, SegmentAppender> _segments = [];
    private readonly List<PartitionAppender> _touched = [];
    private readonly List<long> _removedSegments = [];
    private int _commits;

    /// <summary>For tests: called between the steps; what it throws is a fault of that step.</summary>
    internal Action<LogStep>? Probe { get; set; }

    public SqliteDatabase Database => _log.Database;

    public LogConnection Log => _log;

    public AppendResult Append(string topicName, RecordBatchBuilder records, uint keyless)
    {
        var topic = _log.Topic(topicName);
        var partitions = topic.PartitionIds.Length;
        var touched = new PartitionAppender?[partitions];
        var slices = records.Slices;
        var bytes = records.Bytes;
        for (var i = 0; i < slices.Length; i++)
        {
            ref readonly var record = ref slices[i];
            var number = record.KeyLength >= 0 ? Partitioner.ForKey(bytes.Slice(record.Start, record.KeyLength), partitions) : (int)(keyless % (uint)partitions);
            var appender = touched[number] ??= Appender(topic, number);
            appender.Add(record, bytes.Slice(record.Start, record.ByteCount()));
        }

        return new AppendResult(
            slices.Length, [.. touched.Select((a, number) => (a, number)).Where(t => t.a is not null).Select(t => new Position(new TopicPartition(topicName, t.number), t.a!.Next - 1))]);
    }

    /// <summary>Writes what has been collected. The last step before the commit.</summary>
    public void Flush()
    {
        foreach (var appender in _touched)
        {
            appender.Flush();
        }

        foreach (var segment in _segments.Values)
        {
            if (segment.IsOpen)
            {
                segment.Flush(durable);
            }
        }

        _touched.Clear();
        Probe?.Invoke(LogStep.BeforeCommit);
    }

    /// <summary>Whether this transaction appends to a topic, whose newest segment must stay then.</summary>
    public bool IsAppendingTo(long topicId) => _segments.TryGetValue(topicId, out var segment) && segment.IsOpen;

    /// <summary>Deletes a segment's file when the transaction has committed: until then a reader, or this log after a crash, needs it.</summary>
    public void DeleteAfterCommit(long segment) => _removedSegments.Add(segment);

    /// <summary>What follows a commit. None of it has to happen: another commit, or another start, makes up for it.</summary>
    public void Committed()
    {
        Probe?.Invoke(LogStep.Committed);
        if (_removedSegments.Count > 0)
        {
            foreach (var segment in _removedSegments)
            {
                files.Delete(segment);
            }

            _removedSegments.Clear();
            Probe?.Invoke(LogStep.SegmentsDeleted);
        }

        if (++_commits >= CommitsPerCheckpoint)
        {
            Checkpoint();
            _commits = 0;
        }
    }

    /// <summary>Forgets what a transaction that was rolled back had collected.</summary>
    public void Reset()
    {
        foreach (var appender in _touched)
        {
            appender.Abandon();
        }

        foreach (var segment in _segments.Values)
        {
            segment.Abandon();
        }

        _touched.Clear();
        _removedSegments.Clear();
        _log.ForgetTopics();
    }

    public bool CreateTopics(IReadOnlyCollection<TopicSpec> topics)
    {
        var existing = _log.PartitionCounts();
        foreach (var spec in topics)
        {
            TopicShape.Check(spec, existing.TryGetValue(spec.Name, out var partitions) ? partitions : null);
        }

        foreach (var spec in topics)
        {
            var upsert = _log.Statement("INSERT INTO topics (name, partitions, retention_ms) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET retention_ms = excluded.retention_ms RETURNING topic_id");
            upsert.BindText(1, spec.Name).Bind(2, spec.Partitions);
            _ = spec.Retention is { } retention ? upsert.Bind(3, (long)retention.TotalMilliseconds) : upsert.BindNull(3);
            upsert.Step();
            var topicId = upsert.GetInt64(0);
            upsert.Execute();
            for (var number = 0; number < spec.Partitions; number++)
            {
                _log.Statement("INSERT INTO partitions (topic_id, number) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, topicId).Bind(2, number).Execute();
            }
        }

        return true;
    }

    public Membership ChangeGroup(string group, Func<ConsumerGroupState, Membership> change)
    {
        var state = GroupRows.Load(_log, group);
        var generation = state.Generation;
        var membership = change(state);
        GroupRows.Save(_log, group, state, isNewGeneration: state.Generation != generation);
        return membership;
    }

    public bool Commit(string group, string member, IReadOnlyCollection<Position> next)
    {
        foreach (var position in next)
        {
            if (!GroupRows.Owns(_log, group, member, position.TopicPartition))
            {
                throw Fencing.NotOwner(group, member, position.TopicPartition);
            }
        }

        var upsert = _log.Statement(
            """
            INSERT INTO group_offsets (group_name, topic, partition, next_offset) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset
            """);
        foreach (var position in next)
        {
            upsert.BindText(1, group).BindText(2, position.TopicPartition.Topic).Bind(3, position.TopicPartition.Partition).Bind(4, position.Offset).Execute();
        }

        return true;
    }

    public void Dispose()
    {
        try
        {
            // Closing the last connection copies the write-ahead log.
            FlushSegments();
        }
        catch (SqliteFaultException)
        {
            // Whoever wrote durably has been told already; who did not accepted to lose the last moments.
        }

        foreach (var segment in _segments.Values)
        {
            segment.Dispose();
        }

        _log.Dispose();
    }

    private void Checkpoint()
    {
        try
        {
            FlushSegments();
            Database.Checkpoint();
        }
        catch (SqliteFaultException)
        {
            // The write-ahead log stays as it is, and holds everything.
        }
    }

    // Rows in the file survive a power cut, so what they lead to must be on the disk before them.
    private void FlushSegments()
    {
        foreach (var segment in _segments.Values)
        {
            segment.FlushToDisk();
        }
    }

    private PartitionAppender Appender(LogTopic topic, int number)
    {
        var partitionId = topic.PartitionIds[number];
        if (!_appenders.TryGetValue(partitionId, out var appender))
        {
            if (!_segments.TryGetValue(topic.Id, out var segment))
            {
                _segments[topic.Id] = segment = new SegmentAppender(_log, files, topic.Id, step => Probe?.Invoke(step));
            }

            _appenders[partitionId] = appender = new PartitionAppender(_log, segment, partitionId);
        }

        if (!appender.IsOpen)
        {
            appender.Open();
            _touched.Add(appender);
        }

        return appender;
    }
}
