using Microsoft.Extensions.Logging;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.EventLog.Schemas;

/// <summary>
/// A record log whose events may be framed by a schema registry: readers are given JSON whatever was written, JSON, framed JSON and Avro
/// mixed; writers give JSON and it is written in the format that is set. Topics without a schema (dead letters) pass untouched.
/// </summary>
internal sealed class SchemaRecordLog(IRecordLog log, EventSchemas schemas, SchemaRegistryOptions options, TimeProvider time, ILogger<SchemaRecordLog> logger) : IRecordLog
{
    public string MessagingSystem => log.MessagingSystem;

    public ValueTask CreateTopicsAsync(IReadOnlyCollection<TopicSpec> topics, CancellationToken cancellationToken) => log.CreateTopicsAsync(topics, cancellationToken);

    public ValueTask<IReadOnlyList<PartitionOffsets>> DescribeAsync(CancellationToken cancellationToken) => log.DescribeAsync(cancellationToken);

    public ValueTask<IReadOnlyList<Position>> GetCommittedAsync(string group, CancellationToken cancellationToken) => log.GetCommittedAsync(group, cancellationToken);

    public ValueTask<IReadOnlyList<ConsumerGroup>> ListGroupsAsync(CancellationToken cancellationToken) => log.ListGroupsAsync(cancellationToken);

    public ValueTask<IReadOnlyList<PartitionPlace>> LocateAsync(CancellationToken cancellationToken) => log.LocateAsync(cancellationToken);

    public ValueTask<long> FindOffsetAsync(TopicPartition topicPartition, long timestamp, CancellationToken cancellationToken)
        => log.FindOffsetAsync(topicPartition, timestamp, cancellationToken);

    /// <summary>As the log's; fails transiently while a schema cannot be asked for.</summary>
    public async ValueTask<RecordBatch> FetchAsync(Position from, int maxRecords, CancellationToken cancellationToken)
    {
        var batch = await log.FetchAsync(from, maxRecords, cancellationToken);
        if (!EventSchemas.HasSchema(from.TopicPartition.Topic))
        {
            return batch;
        }

        try
        {
            while (ValueTranslation.FindUnloaded(schemas, batch) is { } schemaId)
            {
                await schemas.LoadAsync(from.TopicPartition.Topic, schemaId, cancellationToken);
            }
        }
        catch (SchemaRegistryException e)
        {
            batch.Dispose();
            throw new RecordLogException(e.Message, e.IsTransient, e);
        }

        return ValueTranslation.ToJson(schemas, batch);
    }

    public ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken) => log.ApplyRetentionAsync(cancellationToken);

    public IRecordWriter CreateWriter() => new Writer(log.CreateWriter(), schemas);

    public IRecordReader CreateReader(string group) => new SchemaRecordReader(log.CreateReader(group), schemas, options, time, logger);

    public ValueTask DisposeAsync() => log.DisposeAsync();

    private sealed class Writer(IRecordWriter writer, EventSchemas schemas) : IRecordWriter
    {
        public async ValueTask<AppendResult> AppendAsync(string topic, RecordBatchBuilder records, CancellationToken cancellationToken)
        {
            if (schemas.Format == ValueFormat.Json || !EventSchemas.HasSchema(topic))
            {
                return await writer.AppendAsync(topic, records, cancellationToken);
            }

            using var translated = ValueTranslation.FromJson(schemas, topic, records);
            return await writer.AppendAsync(topic, translated, cancellationToken);
        }

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
