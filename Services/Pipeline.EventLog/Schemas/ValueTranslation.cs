using System.Buffers;
using Pipeline.Streaming;

namespace Pipeline.EventLog.Schemas;

/// <summary>Batches with framed values, as batches of JSON; and the other way round.</summary>
internal static class ValueTranslation
{
    /// <summary>A schema that has to be asked for before the batch can be read; null when there is none.</summary>
    public static int? FindUnloaded(EventSchemas schemas, RecordBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var value = batch.Value(i);
            if (WireFormat.IsFramed(value) && !schemas.CanRead(batch.TopicPartition.Topic, WireFormat.SchemaId(value)))
            {
                return WireFormat.SchemaId(value);
            }
        }

        return null;
    }

    /// <summary>
    /// The batch with JSON in place of framed values, or the batch itself when there are none. A value that cannot be translated stays, and
    /// becomes a dead letter; the original bytes go along in <see cref="RecordBatch.Source"/>.
    /// </summary>
    public static RecordBatch ToJson(EventSchemas schemas, RecordBatch batch)
    {
        if (!HasFramed(batch))
        {
            return batch;
        }

        var json = new ArrayBufferWriter<byte>(1024);
        using var builder = new RecordBatchBuilder();
        for (var i = 0; i < batch.Count; i++)
        {
            var value = batch.Value(i);
            json.ResetWrittenCount();
            if (WireFormat.IsFramed(value) && schemas.TryRead(batch.TopicPartition.Topic, value, json))
            {
                value = json.WrittenSpan;
            }

            builder.Add(batch.Key(i), batch.HasKey(i), value, batch.IsTombstone(i), batch.Timestamp(i));
            CopyHeaders(batch.Headers(i), builder);
        }

        return RecordBatch.Translated(batch, builder);
    }

    /// <summary>The records in the format that is set; what is no event of the contract stays as it is.</summary>
    public static RecordBatchBuilder FromJson(EventSchemas schemas, string topic, RecordBatchBuilder records)
    {
        var translated = new RecordBatchBuilder();
        using var value = new MemoryStream();
        for (var i = 0; i < records.Count; i++)
        {
            var slices = records.Slices[i];
            value.SetLength(0);
            var isEvent = slices.ValueLength > 0 && schemas.TryWrite(topic, records.Value(i).ToArray(), value);
            ReadOnlySpan<byte> bytes = isEvent ? value.GetBuffer().AsSpan(0, (int)value.Length) : records.Value(i);
            translated.Add(records.Key(i), slices.KeyLength >= 0, bytes, slices.ValueLength < 0, slices.Timestamp);
            CopyHeaders(records.Headers(i), translated, isEvent ? ContentType(schemas.Format) : default);
        }

        return translated;
    }

    private static bool HasFramed(RecordBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (WireFormat.IsFramed(batch.Value(i)))
            {
                return true;
            }
        }

        return false;
    }

    private static ReadOnlySpan<byte> ContentType(ValueFormat format) => format == ValueFormat.Avro ? "application/vnd.apache.avro"u8 : default;

    private static void CopyHeaders(HeaderReader headers, RecordBatchBuilder target, ReadOnlySpan<byte> contentType = default)
    {
        while (headers.MoveNext())
        {
            if (headers.IsNull)
            {
                target.AddNullHeader(headers.Name);
            }
            else
            {
                target.AddHeader(headers.Name, !contentType.IsEmpty && headers.Name.SequenceEqual("content-type"u8) ? contentType : headers.Value);
            }
        }
    }
}
