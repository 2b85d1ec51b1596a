using System.Text.Json;

namespace Pipeline.Contracts;

/// <summary>Writes the members that both events share.</summary>
internal static class EnvelopeJson
{
    public static void Write(
        Utf8JsonWriter json, Guid eventId, Guid userId, EventType type, long eventTime, string? runId, string source, int schemaVersion)
    {
        json.WriteString(Field.EventId.Utf8Name(), eventId);
        json.WriteString(Field.UserId.Utf8Name(), userId);
        json.WriteString(Field.EventType.Utf8Name(), type.WireName());
        WriteTime(json, Field.EventTime, eventTime);
        WriteText(json, Field.RunId, runId);
        json.WriteString(Field.Source.Utf8Name(), source);
        json.WriteNumber(Field.SchemaVersion.Utf8Name(), schemaVersion);
    }

    /// <summary>Null is written as null: a reader sees all fields of the contract in every event.</summary>
    public static void WriteText(Utf8JsonWriter json, Field field, string? text)
    {
        if (text is null)
        {
            json.WriteNull(field.Utf8Name());
        }
        else
        {
            json.WriteString(field.Utf8Name(), text);
        }
    }

    public static void WriteTime(Utf8JsonWriter json, Field field, long? unixMilliseconds)
    {
        if (unixMilliseconds is { } time)
        {
            Span<byte> text = stackalloc byte[Iso8601.Length];
            Iso8601.Write(text, time);
            json.WriteString(field.Utf8Name(), text);
        }
        else
        {
            json.WriteNull(field.Utf8Name());
        }
    }
}
