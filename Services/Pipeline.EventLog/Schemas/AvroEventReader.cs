using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Avro;
using Avro.Generic;
using Avro.IO;
using Pipeline.Contracts;

namespace Pipeline.EventLog.Schemas;

/// <summary>
/// Reads Avro that somebody wrote by some schema, as the event of a topic in JSON: fields are matched by name as Avro's schema resolution
/// says, so that a writer may be a version ahead or behind.
/// </summary>
internal sealed class AvroEventReader
{
    private readonly ContractTopic _topic;
    private readonly GenericDatumReader<GenericRecord> _reader;

    /// <exception cref="AvroException">The two schemas do not fit together, or the text is no schema.</exception>
    public AvroEventReader(ContractTopic topic, string writerSchema)
    {
        _topic = topic;
        _reader = new GenericDatumReader<GenericRecord>(Schema.Parse(writerSchema), Schema.Parse(AvroSchema.Of(topic)));
    }

    /// <summary>Appends the JSON form of an Avro value.</summary>
    /// <returns>False when the bytes are not a value of the schema.</returns>
    public bool TryRead(ReadOnlySpan<byte> avro, IBufferWriter<byte> target)
    {
        GenericRecord record;
        try
        {
            using var stream = new MemoryStream(avro.ToArray(), writable: false);
            record = _reader.Read(null!, new BinaryDecoder(stream));
            if (stream.Position != stream.Length)
            {
                return false;
            }
        }
        catch (Exception e) when (e is AvroException or IOException or OverflowException or ArgumentException or FormatException or InvalidCastException or IndexOutOfRangeException or OutOfMemoryException)
        {
            // Whatever bytes can make a decoder say.
            return false;
        }

        using var json = new Utf8JsonWriter(target, EventJsonWriter.Options);
        json.WriteStartObject();
        foreach (var field in _topic.Fields)
        {
            json.WritePropertyName(field.Name);
            Write(json, record.GetValue(record.Schema[field.Name].Pos));
        }

        json.WriteEndObject();
        return true;
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case Guid id:
                json.WriteStringValue(id);
                break;
            case DateTime time:
                json.WriteStringValue(Iso8601.Format(new DateTimeOffset(time.ToUniversalTime()).ToUnixTimeMilliseconds()));
                break;
            case GenericEnum symbol:
                json.WriteStringValue(symbol.Value);
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
