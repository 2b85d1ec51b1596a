using System.Buffers;
using System.Text.Json;

namespace Pipeline.Contracts;

/// <summary>
/// A <see cref="UserEvent"/> as the value of a record. The same event always gives the same bytes: envelope first, then
/// the fields in the contract's order, no blanks.
/// </summary>
public static class UserEventJson
{
    public static void Write(IBufferWriter<byte> target, UserEvent user)
    {
        var json = EventJsonWriter.On(target);
        Write(json, user);
        json.Flush();
    }

    public static void Write(Utf8JsonWriter json, UserEvent user)
    {
        json.WriteStartObject();
        EnvelopeJson.Write(json, user.EventId, user.UserId, EventType.Profile, user.EventTime, user.RunId, user.Source, user.SchemaVersion);
        json.WriteString(Field.FirstName.Utf8Name(), user.FirstName);
        json.WriteString(Field.LastName.Utf8Name(), user.LastName);
        json.WriteString(Field.Email.Utf8Name(), user.Email);
        json.WriteString(Field.Gender.Utf8Name(), user.Gender.WireName());
        EnvelopeJson.WriteTime(json, Field.Dob, user.DateOfBirth);
        if (user.Age is { } age)
        {
            json.WriteNumber(Field.Age.Utf8Name(), age);
        }
        else
        {
            json.WriteNull(Field.Age.Utf8Name());
        }

        EnvelopeJson.WriteText(json, Field.Phone, user.Phone);
        json.WriteString(Field.Nationality.Utf8Name(), user.Nationality);
        EnvelopeJson.WriteText(json, Field.Address, user.Address);
        EnvelopeJson.WriteText(json, Field.Picture, user.Picture);
        json.WriteEndObject();
    }

    public static byte[] ToBytes(UserEvent user)
    {
        var target = new ArrayBufferWriter<byte>(768);
        Write(target, user);
        return target.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value of <see cref="Topics.Users"/>; null, with the reason, when it is not one.</summary>
    public static UserEvent? Read(ReadOnlySpan<byte> value, out DecodeResult result)
    {
        var e = default(DecodedEvent);
        result = EventDecoder.Decode(value, ref e);
        if (!result.IsSuccess)
        {
            return null;
        }

        if (e.EventType != EventType.Profile)
        {
            result = new DecodeResult(ReasonCode.BadFormat, -1, Field.EventType);
            return null;
        }

        return new UserEvent
        {
            EventId = e.EventId,
            UserId = e.UserId,
            EventTime = e.EventTime,
            RunId = e.TextOrNull(Field.RunId, value),
            Source = e.Source.Text(value),
            SchemaVersion = e.SchemaVersion,
            FirstName = e.FirstName.Text(value),
            LastName = e.LastName.Text(value),
            Email = e.Email.Text(value),
            Gender = e.Gender,
            DateOfBirth = e.Has(Field.Dob) ? e.DateOfBirth : null,
            Age = e.Has(Field.Age) ? e.Age : null,
            Phone = e.TextOrNull(Field.Phone, value),
            Nationality = e.NationalityCode.Text(value),
            Address = e.TextOrNull(Field.Address, value),
            Picture = e.TextOrNull(Field.Picture, value),
        };
    }
}
