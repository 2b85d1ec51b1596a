namespace Pipeline.Contracts;

/// <summary>Finds the contract field of a JSON member's name.</summary>
internal static class FieldNames
{
    private const int LongestName = 14;

    /// <summary>By length and then by comparison with constants, which compiles to a jump and a few wide compares.</summary>
    public static Field Find(ReadOnlySpan<byte> name)
    {
        switch (name.Length)
        {
            case 3:
                return name.SequenceEqual("dob"u8) ? Field.Dob
                    : name.SequenceEqual("age"u8) ? Field.Age
                    : Field.None;
            case 4:
                return name.SequenceEqual("page"u8) ? Field.Page : Field.None;
            case 5:
                return name.SequenceEqual("email"u8) ? Field.Email
                    : name.SequenceEqual("phone"u8) ? Field.Phone
                    : Field.None;
            case 6:
                return name.SequenceEqual("run_id"u8) ? Field.RunId
                    : name.SequenceEqual("source"u8) ? Field.Source
                    : name.SequenceEqual("gender"u8) ? Field.Gender
                    : name.SequenceEqual("device"u8) ? Field.Device
                    : name.SequenceEqual("detail"u8) ? Field.Detail
                    : Field.None;
            case 7:
                return name.SequenceEqual("user_id"u8) ? Field.UserId
                    : name.SequenceEqual("address"u8) ? Field.Address
                    : name.SequenceEqual("picture"u8) ? Field.Picture
                    : Field.None;
            case 8:
                return name.SequenceEqual("event_id"u8) ? Field.EventId : Field.None;
            case 9:
                return name.SequenceEqual("last_name"u8) ? Field.LastName : Field.None;
            case 10:
                return name.SequenceEqual("event_type"u8) ? Field.EventType
                    : name.SequenceEqual("event_time"u8) ? Field.EventTime
                    : name.SequenceEqual("first_name"u8) ? Field.FirstName
                    : Field.None;
            case 11:
                return name.SequenceEqual("nationality"u8) ? Field.Nationality : Field.None;
            case 12:
                return name.SequenceEqual("session_hint"u8) ? Field.SessionHint : Field.None;
            case LongestName:
                return name.SequenceEqual("schema_version"u8) ? Field.SchemaVersion : Field.None;
            default:
                return Field.None;
        }
    }

    /// <summary>A name written with escapes is the same name; a writer that escapes must not get past the checks.</summary>
    public static Field FindEscaped(ReadOnlySpan<byte> name)
    {
        const int BytesPerEscape = 6;
        if (name.Length > LongestName * BytesPerEscape)
        {
            return Field.None;
        }

        Span<byte> plain = stackalloc byte[LongestName * BytesPerEscape];
        return Find(plain[..JsonText.Unescape(name, plain)]);
    }
}
