using Confluent.Kafka;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>An append that waits for its turn, or for the delivery reports of its records, which come on the client's thread, one at a time.</summary>
/// <param name="messages">Its records, in order.</param>
/// <param name="cancelled">When the caller has gone, records that were not handed over yet are not appended any more.</param>
internal sealed class PendingAppend(string topic, IReadOnlyList<Message<byte[]?, byte[]?>> messages, CancellationToken cancelled)
{
    private readonly TaskCompletionSource<AppendResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SortedDictionary<int, long> _lastOffsets = [];
    private readonly Lock _gate = new();
    private int _open = messages.Count;
    private int _delivered;
    private Error? _failure;

    public IReadOnlyList<Message<byte[]?, byte[]?>> Messages => messages;

    public CancellationToken Cancelled => cancelled;

    public Task<AppendResult> Completion => _completion.Task;

    public bool HasFailed => Volatile.Read(ref _failure) is not null;

    public void Report(DeliveryReport<byte[]?, byte[]?> report)
    {
        lock (_gate)
        {
            if (report.Error.IsError)
            {
                _failure ??= report.Error;
            }
            else
            {
                _delivered++;
                var partition = report.Partition.Value;
                _lastOffsets[partition] = Math.Max(report.Offset.Value, _lastOffsets.GetValueOrDefault(partition, -1));
            }

            Settle(1);
        }
    }

    public void Fail(Error error)
    {
        lock (_gate)
        {
            _failure ??= error;
        }
    }

    /// <summary>So many records are not sent, so no report comes for them.</summary>
    public void LeaveOut(int unsent)
    {
        lock (_gate)
        {
            Settle(unsent);
        }
    }

    private void Settle(int settled)
    {
        _open -= settled;
        if (_open > 0)
        {
            return;
        }

        if (_failure is { } failure)
        {
            // The topic was there when the append began: a broker that does not know it is one that starts.
            _completion.TrySetException(KafkaFaults.OfKnownPartitions(
                failure.Code, $"Kafka could not append to '{topic}': {failure.Reason}. {_delivered} of {messages.Count} records are known to be written."));
        }
        else if (_delivered < messages.Count)
        {
            _completion.TrySetCanceled(cancelled);
        }
        else
        {
            _completion.TrySetResult(new AppendResult(messages.Count, [.. _lastOffsets.Select(p => new Position(new TopicPartition(topic, p.Key), p.Value))]));
        }
    }
}
