using System.Buffers;
using System.Text;
using System.Text.Json;
using Pipeline.Contracts;
using EventId = Pipeline.Contracts.EventId;

namespace Pipeline.Ingest.Api;

/// <summary>Why one item of a request was not taken.</summary>
/// <param name="Index">Place in the request, from 0.</param>
internal sealed record ItemError(int Index, string? Field, string Reason, string Detail);

/// <summary>
/// Turns the JSON of one activity into the value of a record. What the contract says is checked by the contract's own
/// decoder on the finished value, so that nothing passes here that is rejected later.
/// </summary>
internal sealed class ActivityItem(QualityRules rules)
{
    /// <summary>The source of what comes in by this door.</summary>
    public const string Source = "api";

    private static readonly Field[] TextFields = [Field.SessionHint, Field.Page, Field.Device, Field.Detail];

    /// <summary>Reads an item; on success <paramref name="value"/> has its value and the user's id is returned.</summary>
    /// <param name="now">Unix ms; the event time of an item that has none.</param>
    public Guid? Read(ReadOnlySpan<byte> json, int index, long now, ArrayBufferWriter<byte> value, out ItemError? error)
    {
        var texts = new Dictionary<Field, string?>();
        ActivityEvent? activity = null;
        error = ReadFields(json, index, texts) ?? Build(index, now, texts, out activity) ?? Judge(activity!, index, now, value);
        return error is null ? activity!.UserId : null;
    }

    private static ItemError? ReadFields(ReadOnlySpan<byte> json, int index, Dictionary<Field, string?> texts)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 16 });
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return new ItemError(index, null, ReasonCode.NotAnObject.WireName(), "An event is a JSON object.");
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var known = WireNames.TryParseField(reader.GetString()!, out var field) && IsTaken(field);
                reader.Read();
                if (!known)
                {
                    // As readers of the topic do: what the contract does not know is not looked at, and not passed on.
                    reader.Skip();
                    continue;
                }

                if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                {
                    return Fault(index, ReasonCode.WrongType, field, "is a string.");
                }

                if (!texts.TryAdd(field, reader.GetString()))
                {
                    return Fault(index, ReasonCode.DuplicateField, field, "is there twice.");
                }
            }

            // Reading on objects to whatever follows the object.
            reader.Read();
            return null;
        }
        catch (JsonException e)
        {
            return new ItemError(index, null, ReasonCode.MalformedJson.WireName(), $"The event is not valid JSON near byte {e.BytePositionInLine ?? 0}.");
        }
        catch (InvalidOperationException)
        {
            return new ItemError(index, null, ReasonCode.InvalidUtf8.WireName(), "The event holds text that is not valid Unicode.");
        }
    }

    private static ItemError? Build(int index, long now, Dictionary<Field, string?> texts, out ActivityEvent? activity)
    {
        activity = null;
        if (texts.GetValueOrDefault(Field.UserId) is not { } userText)
        {
            return Fault(index, ReasonCode.MissingField, Field.UserId, "is required.");
        }

        if (!Guid.TryParseExact(userText, "D", out var userId))
        {
            return Fault(index, ReasonCode.BadFormat, Field.UserId, "is a UUID with hyphens.");
        }

        if (texts.GetValueOrDefault(Field.EventType) is not { } typeText)
        {
            return Fault(index, ReasonCode.MissingField, Field.EventType, "is required.");
        }

        if (!WireNames.TryParseEventType(typeText, out var type) || type == EventType.Profile)
        {
            return Fault(index, ReasonCode.BadFormat, Field.EventType, "is one of login, view, update, logout, error.");
        }

        var eventTime = now;
        var hasTime = texts.GetValueOrDefault(Field.EventTime) is not null;
        if (hasTime && !Iso8601.TryRead(Encoding.UTF8.GetBytes(texts[Field.EventTime]!), out eventTime))
        {
            return Fault(index, ReasonCode.BadFormat, Field.EventTime, "is an ISO 8601 date-time with an offset.");
        }

        if (eventTime is < 0 or > EventId.MaxTime)
        {
            return Fault(index, ReasonCode.OutOfRange, Field.EventTime, "is before 1970 or too far ahead.");
        }

        var eventId = Guid.Empty;
        if (texts.GetValueOrDefault(Field.EventId) is { } idText && !Guid.TryParseExact(idText, "D", out eventId))
        {
            return Fault(index, ReasonCode.BadFormat, Field.EventId, "is a UUID with hyphens.");
        }

        activity = new ActivityEvent
        {
            EventId = eventId != Guid.Empty ? eventId : EventId.ForActivity(userId, type, eventTime, Discriminator(texts, hasTime ? null : index)),
            UserId = userId,
            EventType = type,
            EventTime = eventTime,
            Source = Source,
            SessionHint = texts.GetValueOrDefault(Field.SessionHint),
            Page = texts.GetValueOrDefault(Field.Page),
            Device = texts.GetValueOrDefault(Field.Device),
            Detail = texts.GetValueOrDefault(Field.Detail),
        };
        return null;
    }

    private ItemError? Judge(ActivityEvent activity, int index, long now, ArrayBufferWriter<byte> value)
    {
        value.ResetWrittenCount();
        ActivityEventJson.Write(value, activity);
        var decoded = default(DecodedEvent);
        var result = EventDecoder.Decode(value.WrittenSpan, ref decoded);
        if (!result.IsSuccess)
        {
            return Fault(index, result.Reason, result.Field, $"breaks the rule {rules.RuleFor(result).Id}.");
        }

        var quality = rules.Evaluate(in decoded, value.WrittenSpan, now);
        if (quality.IsRejected)
        {
            var rule = rules.Rules[quality.RuleIndex];
            return new ItemError(index, rule.Fields.Length > 0 ? rule.Fields[0].WireName() : null, quality.Reason.WireName(), rule.Description);
        }

        return null;
    }

    /// <summary>
    /// Tells apart what one user did in one millisecond: by the content, so that a repeated request repeats its ids; by the place in
    /// the request when the time was ours, because then a repetition has another time anyway.
    /// </summary>
    private static string Discriminator(Dictionary<Field, string?> texts, int? index)
        => string.Join('\u001f', [.. TextFields.Select(field => texts.GetValueOrDefault(field)), index?.ToString(System.Globalization.CultureInfo.InvariantCulture)]);

    private static bool IsTaken(Field field)
        => field is Field.EventId or Field.UserId or Field.EventType or Field.EventTime || Array.IndexOf(TextFields, field) >= 0;

    private static ItemError Fault(int index, ReasonCode reason, Field field, string rule)
        => new(index, field == Field.None ? null : field.WireName(), reason.WireName(), $"{(field == Field.None ? "The event" : field.WireName())} {rule}");
}
