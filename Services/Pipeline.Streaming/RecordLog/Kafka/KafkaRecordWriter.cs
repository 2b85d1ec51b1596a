namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>Writers share the log's producer, and with it its batches and connections.</summary>
internal sealed class KafkaRecordWriter(KafkaProducer producer) : IRecordWriter
{
    private bool _disposed;

    public ValueTask<AppendResult> AppendAsync(string topic, RecordBatchBuilder records, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return producer.AppendAsync(topic, records, cancellationToken);
    }

    /// <summary>An append that has returned is durable already; one under way belongs to its caller.</summary>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }
}
