using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Pipeline.Streaming.RecordLog.Groups;
using Pipeline.Streaming.RecordLog.Kafka.Native;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// A member of a Kafka consumer group. One thread of its own does all polling, and only while <see cref="ReadAsync"/> waits for it, so
/// that the client's callbacks (partitions given, revoked, lost) come from inside a read as the contract says. Heartbeats are sent by the
/// client's own threads.
/// </summary>
internal sealed class KafkaRecordReader : IRecordReader
{
    // A wait is cut into pieces of this length, so that the client's timers are served.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SeekRetryPause = TimeSpan.FromMilliseconds(2);

    // Leaving politely only spares the others the session timeout; a stop must not wait for a coordinator that is away.
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(10);

    private readonly KafkaRecordLog _log;
    private readonly string _group;
    private readonly ILogger _logger;
    private readonly IConsumer<Ignore, Ignore> _consumer;
    private readonly QueueSignal _signal = new();
    private readonly Thread _thread;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly GroupAssignment _assignment;
    private readonly nint _events;

    private uint _turn;
    private volatile ReadRequest? _request;
    private volatile bool _closing;

    public KafkaRecordReader(KafkaRecordLog log, KafkaClients clients, string group, ILogger logger)
    {
        _log = log;
        _group = group;
        _logger = logger;
        _assignment = new GroupAssignment(group, _signal, () => _request?.Token ?? CancellationToken.None, logger);
        _consumer = clients.CreateGroupMember(group, _assignment.OnAssigned, _assignment.OnRevoked, _assignment.OnLost);
        _events = LibRdKafka.ConsumerQueue(LibRdKafka.HandleOf(_consumer));
        _signal.Attach(_events);
        _thread = new Thread(Poll) { IsBackground = true, Name = $"kafka-poll {group}" };
        _thread.Start();
    }

    public async ValueTask SubscribeAsync(IReadOnlyCollection<string> topics, IAssignmentListener listener, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closing, this);
        if (_assignment.Listener is not null)
        {
            throw new InvalidOperationException("A reader subscribes once.");
        }

        foreach (var topic in topics)
        {
            await _log.Topics.EnsureExistsAsync(topic, cancellationToken);
        }

        _assignment.Listener = listener;
        Translating("join the group", () => _consumer.Subscribe(topics));
    }

    public async ValueTask<RecordBatch?> ReadAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closing, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_assignment.Listener is null)
        {
            throw new InvalidOperationException("Subscribe before reading.");
        }

        var request = new ReadRequest(maxWait, cancellationToken);
        _request = request;
        _signal.Set();
        await using var cancelled = cancellationToken.UnsafeRegister(static signal => ((QueueSignal)signal!).Set(), _signal);
        return await request.Completion;
    }

    public void Seek(Position position)
    {
        if (_assignment.Find(position.TopicPartition) is { } partition)
        {
            partition.Seek(position.Offset < 0 ? Offset.Beginning.Value : position.Offset);
            _signal.Set();
        }
    }

    public void Pause(TopicPartition topicPartition)
    {
        if (_assignment.Find(topicPartition) is { } partition)
        {
            partition.IsPaused = true;
        }
    }

    public void Resume(TopicPartition topicPartition)
    {
        if (_assignment.Find(topicPartition) is { } partition)
        {
            partition.IsPaused = false;
            _signal.Set();
        }
    }

    public async ValueTask CommitAsync(IReadOnlyCollection<Position> next, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closing, this);
        foreach (var position in next)
        {
            if (_assignment.Find(position.TopicPartition) is null)
            {
                throw Fencing.NotOwner(_group, _consumer.MemberId, position.TopicPartition);
            }
        }

        if (next.Count > 0)
        {
            // The client's call waits for the coordinator's answer, so it needs a thread.
            var offsets = next.Select(p => new TopicPartitionOffset(p.TopicPartition.Topic, p.TopicPartition.Partition, p.Offset)).ToList();
            await Task.Run(() => Translating("commit offsets", () => _consumer.Commit(offsets)), cancellationToken).WaitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_closing)
        {
            _closing = _assignment.IsClosing = true;
            _signal.Set();
        }

        try
        {
            await _closed.Task.WaitAsync(CloseLimit);
        }
        catch (TimeoutException e)
        {
            Log.LeaveFailed(_logger, _group, _consumer.Name, e);
        }
    }

    private static void Translating(string doing, Action action)
    {
        try
        {
            action();
        }
        catch (TopicPartitionOffsetException e)
        {
            var failed = e.Results.FirstOrDefault(r => r.Error.IsError)?.Error ?? e.Error;
            throw KafkaFaults.ToException(failed, doing, e);
        }
        catch (KafkaException e)
        {
            throw KafkaFaults.ToException(e.Error, doing, e);
        }
    }

    private void Poll()
    {
        while (!_closing)
        {
            if (_request is not { } request)
            {
                _signal.Wait(Timeout.InfiniteTimeSpan);
                continue;
            }

            try
            {
                var records = Serve(request);
                _request = null;
                request.Succeed(records);
            }
            catch (Exception e)
            {
                _request = null;
                request.Fail(e);
            }
        }

        Close();
    }

    private RecordBatch? Serve(ReadRequest request)
    {
        while (!_closing)
        {
            request.Token.ThrowIfCancellationRequested();
            ServeEvents();
            var seeking = ApplySeeks();
            if (TryReadNext() is { } batch)
            {
                return batch;
            }

            var left = request.Left;
            if (left <= TimeSpan.Zero)
            {
                return null;
            }

            var wait = seeking ? SeekRetryPause : LongestWait;
            _signal.Wait(left < wait ? left : wait);
        }

        throw new ObjectDisposedException(nameof(KafkaRecordReader));
    }

    /// <summary>Rebalances, statistics, errors: everything of the client that is not a record.</summary>
    private unsafe void ServeEvents()
    {
        LibRdKafka.Message* message;
        while (LibRdKafka.ConsumeBatch(_events, 0, &message, 1) > 0)
        {
            try
            {
                ServeEvent(message);
            }
            finally
            {
                LibRdKafka.DestroyMessage(message);
            }
        }

        _assignment.ThrowFailure();
    }

    private unsafe void ServeEvent(LibRdKafka.Message* message)
    {
        if (message->Error == ErrorCode.Local_MaxPollExceeded)
        {
            Log.MembershipLost(_logger, _group, _consumer.Name);
        }
        else if (message->Error != ErrorCode.NoError)
        {
            var reason = System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)message->Payload);
            var words = $"Kafka could not go on reading as a member of '{_group}': {reason}";

            throw KafkaFaults.OfKnownPartitions(message->Error, words);
        }
    }

    /// <returns>Whether a seek has to wait, because the client has not begun to read the partition.</returns>
    private bool ApplySeeks()
    {
        var waiting = false;
        foreach (var partition in _assignment.Turns)
        {
            if (_assignment.Find(partition) is not { SeekTarget: { } offset } assigned)
            {
                continue;
            }

            try
            {
                _consumer.Seek(new TopicPartitionOffset(partition.Topic, partition.Partition, offset));
                assigned.Sought(offset);
            }
            catch (KafkaException e) when (KafkaFaults.IsTransient(e.Error.Code) || e.Error.Code is ErrorCode.Local_Outdated or ErrorCode.Local_InProgress or ErrorCode.Local_PrevInProgress)
            {
                waiting = true;
            }
        }

        return waiting;
    }

    /// <summary>Partitions take turns, so that a long backlog in one does not starve the others.</summary>
    private RecordBatch? TryReadNext()
    {
        var turns = _assignment.Turns;
        for (var i = 0; i < turns.Length; i++)
        {
            var partition = turns[(int)(_turn++ % (uint)turns.Length)];
            if (_assignment.Find(partition) is { IsPaused: false, SeekTarget: null } assigned && TryRead(partition, assigned) is { } batch)
            {
                return batch;
            }
        }

        return null;
    }

    private RecordBatch? TryRead(TopicPartition partition, AssignedPartition assigned)
    {
        var (seeks, expected) = (assigned.Seeks, assigned.Next);
        var read = assigned.Queue.Read(RecordLimits.MaxBatchRecords, HighWatermark(partition));

        // Behind the last record there may be markers of transactions, which nobody is given: they are read, too.
        var next = Math.Max(read.Records?.NextOffset ?? -1, read.End);
        if ((next >= 0 && !assigned.TryAdvance(next, seeks)) || read.Failure is not null)
        {
            read.Records?.Dispose();
            return read.Failure is { } failure
                ? throw KafkaFaults.OfKnownPartitions(failure.Code, $"Kafka could not read {partition}: {failure.Reason}")
                : null;
        }

        if (next >= 0 && expected >= 0 && !IsContinuous(partition, expected, read))
        {
            assigned.Seek(expected, seeks);
            return null;
        }

        return read.Records ?? (expected >= 0 && next > expected ? RecordBatch.Empty(partition, next, next) : null);
    }

    /// <summary>Where an offset does not exist, the client goes on at the start of the partition; whether that is right is decided here.</summary>
    /// <returns>False when the client went back without a reason: it has to be told again where to read.</returns>
    /// <exception cref="RecordLogException">The log ends before the offset.</exception>
    private bool IsContinuous(TopicPartition partition, long expected, QueueRead read)
    {
        var first = read.Records?.Offset(0) ?? read.End;
        if (first < expected)
        {
            read.Records?.Dispose();

            // A log that was replaced by an older one ends before the offset. Where it does not, it is the client that began anew at the start of the partition: it looks for a start of its
            // own where nothing was committed, and when a seek comes before the answer, it takes the answer for outdated, asks again and goes there (librdkafka 2.16).
            OffsetRange.CheckEnd(new Position(partition, expected), Math.Max(first, HighWatermark(partition)));
            Log.ClientWentBack(_logger, partition, first, expected);
            return false;
        }

        // A gap alone can be markers of transactions or records that were compacted away.
        if (first > expected && _consumer.GetWatermarkOffsets(new(partition.Topic, partition.Partition)).Low.Value > expected)
        {
            Log.ReadBelowStart(_logger, partition, expected, first);
        }

        return true;
    }

    private long HighWatermark(TopicPartition partition) => _consumer.GetWatermarkOffsets(new(partition.Topic, partition.Partition)).High.Value;

    private void Close()
    {
        try
        {
            _assignment.DisposeQueues();
            QueueSignal.Detach(_events);
            LibRdKafka.DestroyQueue(_events);
            _consumer.Close();
        }
        catch (KafkaException e)
        {
            Log.LeaveFailed(_logger, _group, _consumer.Name, e);
        }
        finally
        {
            _consumer.Dispose();
            _signal.Dispose();
            _request?.Fail(new ObjectDisposedException(nameof(KafkaRecordReader)));
            _closed.SetResult();
        }
    }
}
