using System.Collections.Concurrent;
using Confluent.Kafka;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// Idempotent, acknowledged by all replicas in sync; every delivery report is counted into the append that it belongs to. A full queue
/// waits. A key goes to the partition that <see cref="Partitioner"/> says (murmur2, as Kafka's own clients).
/// </summary>
internal sealed class KafkaProducer(IProducer<byte[]?, byte[]?> producer, KafkaTopics topics) : IAsyncDisposable
{
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, Lazy<TopicAppends>> _appends = new(StringComparer.Ordinal);

    public async ValueTask<AppendResult> AppendAsync(string topic, RecordBatchBuilder records, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RecordLimits.Check(topic, records);
        if (records.Count == 0)
        {
            return new AppendResult(0, []);
        }

        await topics.EnsureExistsAsync(topic, cancellationToken);
        var append = new PendingAppend(topic, Messages(records), cancellationToken);
        await AppendsTo(topic).AddAsync(append);
        return await append.Completion.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // Those who wait for a report get one; whoever does not answer in time is told so by the report.
        var closing = Task.WhenAll(_appends.Values.Select(appends => appends.Value.CloseAsync()));
        await Task.WhenAny(closing, Task.Delay(FlushLimit));
        await Task.Run(() => producer.Flush(closing.IsCompleted ? FlushLimit : TimeSpan.Zero));
        producer.Dispose();
    }

    private static List<Message<byte[]?, byte[]?>> Messages(RecordBatchBuilder records)
    {
        var messages = new List<Message<byte[]?, byte[]?>>(records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            messages.Add(Message(records, i));
        }

        return messages;
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

    private TopicAppends AppendsTo(string topic) => _appends.GetOrAdd(topic, name => new Lazy<TopicAppends>(() => new TopicAppends(producer, name, TopicAppends.UsualPatience).Start())).Value;
}
