using System.Diagnostics;
using Confluent.Kafka;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// Reads partitions without a group. One consumer, one fetch at a time; a partition that was read stays assigned, so that reading on
/// costs no new start, until too many others were.
/// </summary>
internal sealed class KafkaBrowser : IAsyncDisposable
{
    private const int MaxAssigned = 16;
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    private readonly KafkaTopics _topics;
    private readonly TimeSpan _requestTimeout;
    private readonly IConsumer<Ignore, Ignore> _consumer;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<TopicPartition, AssignedPartition> _assigned = [];
    private readonly LinkedList<TopicPartition> _recent = [];

    public KafkaBrowser(KafkaClients clients, KafkaTopics topics)
    {
        _topics = topics;
        _requestTimeout = clients.Options.RequestTimeout;
        _consumer = clients.CreateBrowser();
    }

    /// <summary>Records from an offset on; none at the end of the partition.</summary>
    public async ValueTask<RecordBatch> FetchAsync(Position from, int maxRecords, CancellationToken cancellationToken)
    {
        var partition = from.TopicPartition;
        await _topics.EnsureExistsAsync(partition, cancellationToken);

        // Whoever reads on does not ask where the end is until it gets there.
        if (await InTurnAsync(() => ReadOn(from, maxRecords), cancellationToken) is { } more)
        {
            return more;
        }

        var (_, start, end) = (await _topics.OffsetsAsync([partition], cancellationToken))[0];
        OffsetRange.Check(from, start, end);
        return from.Offset == end
            ? RecordBatch.Empty(partition, end, end)
            : await InTurnAsync(() => Fetch(from, end, maxRecords, cancellationToken), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        foreach (var assigned in _assigned.Values)
        {
            assigned.Queue.Dispose();
        }

        await Task.Run(_consumer.Close);
        _consumer.Dispose();
        _turn.Dispose();
    }

    private async Task<T> InTurnAsync<T>(Func<T> read, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // The client's calls block.
            return await Task.Run(read, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What comes next of a partition that the client reads already; null where it knows of nothing more or is about to read something else.</summary>
    private RecordBatch? ReadOn(Position from, int maxRecords)
    {
        var partition = from.TopicPartition;
        if (!_assigned.TryGetValue(partition, out var assigned) || assigned.Next != from.Offset)
        {
            return null;
        }

        var end = _consumer.GetWatermarkOffsets(new(partition.Topic, partition.Partition)).High.Value;
        if (end <= from.Offset)
        {
            return null;
        }

        // What lies before the end may be an open transaction, and nothing comes until it is decided.
        var read = assigned.Queue.Read((int)Math.Min(maxRecords, end - from.Offset), end, LongestWait);
        if (read.Failure is not null)
        {
            read.Records?.Dispose();
            Forget(partition);
            return null;
        }

        if (read.Records is { } records)
        {
            _recent.Remove(partition);
            _recent.AddFirst(partition);
            assigned.TryAdvance(records.NextOffset, assigned.Seeks);
        }
        else if (read.End > from.Offset)
        {
            // The client says only once that it has passed the markers at the end: it has to come here again.
            assigned.TryAdvance(read.End, assigned.Seeks);
        }

        return read.Records;
    }

    private RecordBatch Fetch(Position from, long end, int maxRecords, CancellationToken cancellationToken)
    {
        var assigned = MoveTo(from);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // As many as there are, so that only what is still on its way is waited for.
            var read = assigned.Queue.Read((int)Math.Min(maxRecords, end - from.Offset), end, LongestWait);
            if (read.Failure is { } failure)
            {
                read.Records?.Dispose();
                Forget(from.TopicPartition);
                throw KafkaFaults.OfKnownPartitions(failure.Code, $"Kafka could not read {from}: {failure.Reason}");
            }

            if (read.Records is { } records)
            {
                assigned.TryAdvance(records.NextOffset, assigned.Seeks);
                return records;
            }

            if (read.End >= end)
            {
                // Behind the last record there are only markers of transactions.
                assigned.TryAdvance(read.End, assigned.Seeks);
                return RecordBatch.Empty(from.TopicPartition, read.End, end);
            }

            if (Stopwatch.GetElapsedTime(started) > _requestTimeout)
            {
                throw new RecordLogException($"Kafka did not send {from} within {_requestTimeout.TotalSeconds:0} s.", isTransient: true);
            }
        }
    }

    /// <summary>The partition, with the client reading it from there.</summary>
    private AssignedPartition MoveTo(Position from)
    {
        var partition = from.TopicPartition;
        _recent.Remove(partition);
        _recent.AddFirst(partition);
        if (_assigned.TryGetValue(partition, out var assigned))
        {
            if (assigned.Next == from.Offset)
            {
                return assigned;
            }

            Forget(partition);
            _recent.AddFirst(partition);
        }
        else if (_assigned.Count == MaxAssigned)
        {
            Forget(_recent.Last!.Value);
        }

        try
        {
            assigned = _assigned[partition] = new AssignedPartition(new PartitionQueue(_consumer, partition));
            _consumer.IncrementalAssign([new TopicPartitionOffset(partition.Topic, partition.Partition, from.Offset)]);
            return assigned;
        }
        catch (KafkaException e)
        {
            throw KafkaFaults.OfKnownPartitions(e.Error.Code, $"Kafka could not read {from}: {e.Error.Reason}", e);
        }
    }

    private void Forget(TopicPartition partition)
    {
        _recent.Remove(partition);
        if (_assigned.Remove(partition, out var assigned))
        {
            assigned.Queue.Dispose();
            _consumer.IncrementalUnassign([new(partition.Topic, partition.Partition)]);
        }
    }
}
