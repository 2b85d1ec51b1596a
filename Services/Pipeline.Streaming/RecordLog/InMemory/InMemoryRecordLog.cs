using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Streaming.RecordLog.Groups;

namespace Pipeline.Streaming.RecordLog.InMemory;

/// <summary>A record log in the memory of one process: partitions are lists. For tests and trials; nothing survives.</summary>
/// <param name="timeProvider">Decides when group members count as dead and records as old. Waiting for records takes real time.</param>
public sealed class InMemoryRecordLog(TimeProvider? timeProvider = null, TimeSpan? sessionTimeout = null, ILogger<InMemoryRecordLog>? logger = null) : IRecordLog
{
    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;
    private readonly TimeSpan _sessionTimeout = sessionTimeout ?? TimeSpan.FromSeconds(10);
    private readonly ILogger _logger = logger ?? NullLogger<InMemoryRecordLog>.Instance;

    // Guards everything below. Held for memory copies only, never across an await.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _partitionCounts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConsumerGroupState> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Group, TopicPartition Partition), long> _committed = [];
    private TaskCompletionSource _changed = NewSignal();

    public ValueTask CreateTopicsAsync(IReadOnlyCollection<TopicSpec> topics, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var spec in topics)
            {
                TopicShape.Check(spec, _partitionCounts.TryGetValue(spec.Name, out var existing) ? existing : null);
            }

            foreach (var spec in topics)
            {
                // Retention is a setting, so the latest word counts.
                var partitions = _topics.TryGetValue(spec.Name, out var topic) ? topic.Partitions : [.. Enumerable.Range(0, spec.Partitions).Select(_ => new InMemoryPartition())];
                _topics[spec.Name] = new Topic(partitions, spec.Retention);
                _partitionCounts[spec.Name] = spec.Partitions;
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<PartitionOffsets>> DescribeAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var all = new List<PartitionOffsets>();
            foreach (var (name, topic) in _topics.OrderBy(t => t.Key, StringComparer.Ordinal))
            {
                all.AddRange(topic.Partitions.Select((p, i) => new PartitionOffsets(new TopicPartition(name, i), p.Start, p.End)));
            }

            return ValueTask.FromResult<IReadOnlyList<PartitionOffsets>>(all);
        }
    }

    public ValueTask<IReadOnlyList<Position>> GetCommittedAsync(string group, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            IReadOnlyList<Position> committed = [.. _committed.Where(c => c.Key.Group == group).Select(c => new Position(c.Key.Partition, c.Value))];
            return ValueTask.FromResult(committed);
        }
    }

    public ValueTask<IReadOnlyList<ConsumerGroup>> ListGroupsAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            IReadOnlyList<ConsumerGroup> groups =
            [
                .. _groups.Keys.Concat(_committed.Keys.Select(c => c.Group)).Distinct().Order(StringComparer.Ordinal)
                    .Select(name => new ConsumerGroup(name, _groups.TryGetValue(name, out var group) ? group.Members.Count(m => m.LeaseUntil > now) : 0)),
            ];
            return ValueTask.FromResult(groups);
        }
    }

    public ValueTask<IReadOnlyList<PartitionPlace>> LocateAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            IReadOnlyList<PartitionPlace> places =
                [.. _topics.OrderBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => t.Value.Partitions.Select((p, i) => new PartitionPlace(new TopicPartition(t.Key, i), null, 1, 1, p.Bytes)))];
            return ValueTask.FromResult(places);
        }
    }

    public ValueTask<long> FindOffsetAsync(TopicPartition topicPartition, long timestamp, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return ValueTask.FromResult(Partition(topicPartition).Find(timestamp));
        }
    }

    public ValueTask<RecordBatch> FetchAsync(Position from, int maxRecords, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var partition = Partition(from.TopicPartition);
            OffsetRange.Check(from, partition.Start, partition.End);
            return ValueTask.FromResult(partition.Read(from.TopicPartition, from.Offset, maxRecords));
        }
    }

    public ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            var removed = 0L;
            foreach (var topic in _topics.Values.Where(t => t.Retention is not null))
            {
                removed += topic.Partitions.Sum(p => p.RemoveOlderThan(now - (long)topic.Retention!.Value.TotalMilliseconds));
            }

            return ValueTask.FromResult(removed);
        }
    }

    public IRecordWriter CreateWriter() => new Writer(this);

    public IRecordReader CreateReader(string group) => new GroupReader(new Session(this, group), group, _sessionTimeout, _time, _logger);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private InMemoryPartition Partition(TopicPartition partition)
        => _topics.TryGetValue(partition.Topic, out var topic) && (uint)partition.Partition < (uint)topic.Partitions.Length
            ? topic.Partitions[partition.Partition]
            : throw TopicShape.Missing(partition);

    private AppendResult Append(string topicName, RecordBatchBuilder records, int keyless)
    {
        lock (_gate)
        {
            var topic = _topics.TryGetValue(topicName, out var found) ? found : throw TopicShape.Missing(topicName);
            var touched = new SortedSet<int>();
            for (var i = 0; i < records.Count; i++)
            {
                var hasKey = records.Slices[i].KeyLength >= 0;
                var number = hasKey ? Partitioner.ForKey(records.Key(i), topic.Partitions.Length) : keyless % topic.Partitions.Length;
                topic.Partitions[number].Append(records.Slices[i], records.Bytes);
                touched.Add(number);
            }

            Signal();
            return new AppendResult(records.Count, [.. touched.Select(n => new Position(new TopicPartition(topicName, n), topic.Partitions[n].End - 1))]);
        }
    }

    private ConsumerGroupState Group(string name)
    {
        if (!_groups.TryGetValue(name, out var group))
        {
            _groups[name] = group = new ConsumerGroupState(_partitionCounts);
        }

        return group;
    }

    private void Signal()
    {
        var changed = _changed;
        _changed = NewSignal();
        changed.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Topic(InMemoryPartition[] Partitions, TimeSpan? Retention);

    private sealed class Writer(InMemoryRecordLog log) : IRecordWriter
    {
        private int _keyless;

        public ValueTask<AppendResult> AppendAsync(string topic, RecordBatchBuilder records, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            RecordLimits.Check(topic, records);
            return ValueTask.FromResult(log.Append(topic, records, Interlocked.Increment(ref _keyless) & int.MaxValue));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Session(InMemoryRecordLog log, string group) : ILogSession
    {
        private Task _nextChange = Task.CompletedTask;

        public long Refresh()
        {
            lock (log._gate)
            {
                _nextChange = log._changed.Task;
                return log.Group(group).Generation;
            }
        }

        public RecordBatch? TryRead(TopicPartition partition, long from)
        {
            lock (log._gate)
            {
                var records = log.Partition(partition);
                OffsetRange.CheckEnd(new Position(partition, from), records.End);
                if (from < records.Start)
                {
                    Log.ReadBelowStart(log._logger, partition, from, records.Start);
                    from = records.Start;
                }

                return from == records.End ? null : records.Read(partition, from, RecordLimits.MaxBatchRecords);
            }
        }

        public async ValueTask WaitForChangeAsync(TimeSpan atMost, CancellationToken cancellationToken)
        {
            try
            {
                await _nextChange.WaitAsync(atMost, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Nothing came; the caller looks at its own clock.
            }
        }

        public ValueTask<Membership> ChangeGroupAsync(Func<ConsumerGroupState, Membership> change, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (log._gate)
            {
                var state = log.Group(group);
                var generation = state.Generation;
                var membership = change(state);
                if (state.Generation != generation)
                {
                    log.Signal();
                }

                return ValueTask.FromResult(membership);
            }
        }

        public ValueTask<IReadOnlyList<Position>> GetStartPositionsAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
        {
            lock (log._gate)
            {
                IReadOnlyList<Position> starts = [.. partitions.Select(p => new Position(p, log._committed.TryGetValue((group, p), out var next) ? next : log.Partition(p).Start))];
                return ValueTask.FromResult(starts);
            }
        }

        public ValueTask CommitAsync(string member, IReadOnlyCollection<Position> next, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (log._gate)
            {
                var state = log.Group(group);
                foreach (var position in next)
                {
                    if (!state.Owns(member, position.TopicPartition))
                    {
                        throw Fencing.NotOwner(group, member, position.TopicPartition);
                    }
                }

                foreach (var position in next)
                {
                    log._committed[(group, position.TopicPartition)] = position.Offset;
                }
            }

            return ValueTask.CompletedTask;
        }

        public void Dispose()
        {
        }
    }
}
