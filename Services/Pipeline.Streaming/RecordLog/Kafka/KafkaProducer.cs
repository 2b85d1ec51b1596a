using Confluent.Kafka;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// Idempotent, acknowledged by all replicas in sync; every delivery report is counted into the append that it belongs to. A full queue
/// waits. A key goes to the partition that <see cref="Partitioner"/> says (murmur2, as Kafka's own clients).
/// </summary>
internal sealed class KafkaProducer(IProducer<byte[]?, byte[]?> producer, KafkaTopics topics) : IAsyncDisposable
{
    private static readonly TimeSpan FullQueuePause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(15);

    public async ValueTask<AppendResult> AppendAsync(string topic, RecordBatchBuilder records, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RecordLimits.Check(topic, records);
        if (records.Count == 0)
        {
            return new AppendResult(0, []);
        }

        await topics.EnsureExistsAsync(topic, cancellationToken);
        var append = new Append(topic, records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            // When one has failed the caller appends all of them again, so there is no point in sending the rest.
            if (append.HasFailed || !await TryProduceAsync(topic, Message(records, i), append, cancellationToken))
            {
                append.LeaveOut(records.Count - i);
                break;
            }
        }

        return await append.Completion.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // Those who wait for a report get one; whoever does not answer in time is told so by the report.
        await Task.Run(() => producer.Flush(FlushLimit));
        producer.Dispose();
    }

    private static Message<byte[]?, byte[]?> Message(RecordBatchBuilder records, int index)
    {
        ref readonly var slices = ref records.Slices[index];
        var message = new Message<byte[]?, byte[]?>
        {
            Key = slices.KeyLength < 0 ? null : records.Key(index).ToArray(),
            Value = slices.ValueLength < 0 ? null : records.Value(index).ToArray(),
            Timestamp = new Timestamp(slices.Timestamp, TimestampType.CreateTime),
        };
        if (slices.HeadersLength > 0)
        {
            message.Headers = [];
            var headers = records.Headers(index);
            while (headers.MoveNext())
            {
                message.Headers.Add(System.Text.Encoding.UTF8.GetString(headers.Name), headers.IsNull ? null : headers.Value.ToArray());
            }
        }

        return message;
    }

    private async ValueTask<bool> TryProduceAsync(string topic, Message<byte[]?, byte[]?> message, Append append, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                producer.Produce(topic, message, append.Report);
                return true;
            }
            catch (KafkaException e) when (e.Error.Code == ErrorCode.Local_QueueFull)
            {
                // Back-pressure: the records before us have to go first.
                await Task.Delay(FullQueuePause, cancellationToken);
            }
            catch (KafkaException e)
            {
                append.Fail(e.Error);
                return false;
            }
        }
    }

    /// <summary>Counts the delivery reports of one append. Reports come on the client's thread, one at a time.</summary>
    private sealed class Append(string topic, int records)
    {
        private readonly int _count = records;
        private readonly TaskCompletionSource<AppendResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SortedDictionary<int, long> _lastOffsets = [];
        private readonly Lock _gate = new();
        private int _open = records;
        private int _delivered;
        private Error? _failure;

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
                    failure.Code, $"Kafka could not append to '{topic}': {failure.Reason}. {_delivered} of {_count} records are known to be written."));
            }
            else
            {
                _completion.TrySetResult(new AppendResult(_count, [.. _lastOffsets.Select(p => new Position(new TopicPartition(topic, p.Key), p.Value))]));
            }
        }
    }
}
