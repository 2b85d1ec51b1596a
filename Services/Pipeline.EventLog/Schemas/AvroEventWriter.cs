using System.Globalization;
using System.Text.Json;
using Avro.IO;
using Pipeline.Contracts;

namespace Pipeline.EventLog.Schemas;

/// <summary>Writes an event of a topic as Avro, by the schema that is made from the contract: the fields in the contract's order.</summary>
internal sealed class AvroEventWriter(ContractTopic topic)
{
    /// <summary>Appends the Avro form of a JSON value.</summary>
    /// <returns>False when the value is not an event of the contract; what was appended then is to be thrown away.</returns>
    public bool TryWrite(ReadOnlyMemory<byte> json, Stream target)
    {
        var decoded = default(DecodedEvent);
        if (!EventDecoder.Decode(json.Span, ref decoded).IsSuccess || Topics.Of(decoded.EventType) != topic.Name)
        {
            return false;
        }

        using var document = JsonDocument.Parse(json);
        var encoder = new BinaryEncoder(target);
        foreach (var field in topic.Fields)
        {
            var isThere = document.RootElement.TryGetProperty(field.Name, out var value) && value.ValueKind != JsonValueKind.Null;
            if (field.IsNullable)
            {
                encoder.WriteUnionIndex(isThere ? 1 : 0);
                if (!isThere)
                {
                    continue;
                }
            }
            else if (!isThere)
            {
                return false;
            }

            if (!TryWrite(encoder, field, value))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryWrite(BinaryEncoder encoder, ContractField field, JsonElement value)
    {
        switch (field.Format)
        {
            case FieldFormat.DateTime:
                if (!Iso8601.TryRead(System.Text.Encoding.UTF8.GetBytes(value.GetString()!), out var time))
                {
                    return false;
                }

                encoder.WriteLong(time);
                return true;
            case FieldFormat.EventType:
                return TryWriteSymbol(encoder, topic.EventTypes.IndexOf(value.GetString()!));
            case FieldFormat.Gender:
                return TryWriteSymbol(encoder, field.Values.IndexOf(value.GetString()!));
            default:
                if (field.Type == FieldType.Integer)
                {
                    encoder.WriteInt(value.GetInt32());
                }
                else
                {
                    encoder.WriteString(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText().ToString(CultureInfo.InvariantCulture));
                }

                return true;
        }
    }

    private static bool TryWriteSymbol(BinaryEncoder encoder, int index)
    {
        if (index >= 0)
        {
            encoder.WriteEnum(index);
        }

        return index >= 0;
    }
}
