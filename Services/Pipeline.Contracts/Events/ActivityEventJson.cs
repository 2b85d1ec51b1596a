using System.Buffers;
using System.Text.Json;

namespace Pipeline.Contracts;

/// <summary>
/// An <see cref="ActivityEvent"/> as the value of a record. The same event always gives the same bytes: envelope first,
/// then the fields in the contract's order, no blanks.
/// </summary>
public static class ActivityEventJson
{
    public static void Write(IBufferWriter<byte> target, ActivityEvent activity)
    {
        var json = EventJsonWriter.On(target);
        Write(json, activity);
        json.Flush();
    }

    public static void Write(Utf8JsonWriter json, ActivityEvent activity)
    {
        json.WriteStartObject();
        EnvelopeJson.Write(
            json,
            activity.EventId,
            activity.UserId,
            activity.EventType,
            activity.EventTime,
            activity.RunId,
            activity.Source,
            activity.SchemaVersion);
        EnvelopeJson.WriteText(json, Field.SessionHint, activity.SessionHint);
        EnvelopeJson.WriteText(json, Field.Page, activity.Page);
        EnvelopeJson.WriteText(json, Field.Device, activity.Device);
        EnvelopeJson.WriteText(json, Field.Detail, activity.Detail);
        json.WriteEndObject();
    }

    public static byte[] ToBytes(ActivityEvent activity)
    {
        var target = new ArrayBufferWriter<byte>(512);
        Write(target, activity);
        return target.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value of <see cref="Topics.Activity"/>; null, with the reason, when it is not one.</summary>
    public static ActivityEvent? Read(ReadOnlySpan<byte> value, out DecodeResult result)
    {
        var e = default(DecodedEvent);
        result = EventDecoder.Decode(value, ref e);
        if (!result.IsSuccess)
        {
            return null;
        }

        if (e.EventType == EventType.Profile)
        {
            result = new DecodeResult(ReasonCode.BadFormat, -1, Field.EventType);
            return null;
        }

        return new ActivityEvent
        {
            EventId = e.EventId,
            UserId = e.UserId,
            EventType = e.EventType,
            EventTime = e.EventTime,
            RunId = e.TextOrNull(Field.RunId, value),
            Source = e.Source.Text(value),
            SchemaVersion = e.SchemaVersion,
            SessionHint = e.TextOrNull(Field.SessionHint, value),
            Page = e.TextOrNull(Field.Page, value),
            Device = e.TextOrNull(Field.Device, value),
            Detail = e.TextOrNull(Field.Detail, value),
        };
    }
}
