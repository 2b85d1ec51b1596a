using System.Runtime.CompilerServices;

namespace Pipeline.Contracts;

/// <summary>Reads one contract field's value into the decoded event; <see cref="ReasonCode.None"/> when it is as the contract says.</summary>
internal static class FieldReader
{
    // Longer than any text of a format could be, even with every character escaped.
    private const int MaxEscapedBytes = EmailShape.MaxBytes * 6;

    /// <summary>A JSON string.</summary>
    public static ReasonCode Text(ReadOnlySpan<byte> value, TextSlice slice, StringTraits traits, Field field, ref DecodedEvent e)
    {
        if (slice.IsEmpty && (!FieldSets.Contains(FieldSets.Formatted, field) || FieldSets.Contains(FieldSets.Required, field)))
        {
            return FieldSets.Contains(FieldSets.Nullable, field) ? ReasonCode.None : ReasonCode.NullField;
        }

        var isWell = traits == StringTraits.None ? TryRead(slice.Raw(value), slice, field, ref e) : TryReadEscaped(value, slice, traits, field, ref e);
        if (!isWell)
        {
            return ReasonCode.BadFormat;
        }

        e.Present |= 1UL << (int)field;
        return ReasonCode.None;
    }

    /// <summary>A JSON number, which must be written as an integer: no fraction, no exponent.</summary>
    public static ReasonCode Integer(ReadOnlySpan<byte> number, Field field, ref DecodedEvent e)
    {
        var isNegative = number[0] == '-';
        var magnitude = 0L;
        foreach (var c in isNegative ? number[1..] : number)
        {
            var digit = (uint)(c - '0');
            if (digit > 9)
            {
                return ReasonCode.WrongType;
            }

            magnitude = Math.Min((magnitude * 10) + digit, uint.MaxValue);
        }

        var integer = isNegative ? -magnitude : magnitude;
        if (integer is < int.MinValue or > int.MaxValue)
        {
            return ReasonCode.OutOfRange;
        }

        e.Present |= 1UL << (int)field;
        if (field == Field.Age)
        {
            e.Age = (int)integer;
            return ReasonCode.None;
        }

        e.SchemaVersion = (int)integer;
        return integer == EventDecoder.SchemaVersion ? ReasonCode.None : ReasonCode.UnknownSchema;
    }

    /// <summary>Takes back fields that belong to the other topic, where this event's contract does not know them.</summary>
    public static void Forget(ulong fields, ref DecodedEvent e)
    {
        e.Present &= ~fields;
        if ((fields & FieldSets.OfUser) != 0)
        {
            (e.FirstName, e.LastName, e.Email, e.EmailDomain, e.Phone, e.Address, e.Picture) = (default, default, default, default, default, default, default);
            (e.Gender, e.Nationality, e.NationalityCode, e.Age, e.DateOfBirth) = (default, default, default, -1, long.MinValue);
        }

        if ((fields & FieldSets.OfActivity) != 0)
        {
            (e.SessionHint, e.Page, e.Device, e.Detail) = (default, default, default, default);
        }
    }

    private static bool TryRead(ReadOnlySpan<byte> text, TextSlice slice, Field field, ref DecodedEvent e)
    {
        switch (field)
        {
            case Field.EventId:
                return UuidText.TryRead(text, out e.EventId);
            case Field.UserId:
                return UuidText.TryRead(text, out e.UserId);
            case Field.EventType:
                return ClosedSets.TryRead(text, out e.EventType);
            case Field.EventTime:
                return Iso8601.TryRead(text, out e.EventTime);
            case Field.Gender:
                return ClosedSets.TryRead(text, out e.Gender);
            case Field.Dob:
                return Iso8601.TryRead(text, out e.DateOfBirth);
            case Field.Nationality:
                e.NationalityCode = slice;
                return ClosedSets.TryRead(text, out e.Nationality);
            case Field.Email:
                var domain = EmailShape.DomainStart(text);
                e.Email = slice;
                e.EmailDomain = domain < 0 ? default : new TextSlice(slice.Start + domain, slice.Length - domain, false);
                return true;
            default:
                Keep(slice, field, ref e);
                return true;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryReadEscaped(ReadOnlySpan<byte> value, TextSlice slice, StringTraits traits, Field field, ref DecodedEvent e)
    {
        if ((traits & StringTraits.Nul) != 0)
        {
            return false;
        }

        if (!FieldSets.Contains(FieldSets.Formatted, field))
        {
            Keep(slice, field, ref e);
            return true;
        }

        if (slice.Length > MaxEscapedBytes)
        {
            e.Email = slice;
            return field == Field.Email;
        }

        Span<byte> buffer = stackalloc byte[MaxEscapedBytes];
        var isWell = TryRead(slice.Utf8(value, buffer), slice, field, ref e);
        if (field == Field.Email && !e.EmailDomain.IsEmpty)
        {
            // The offsets above are those of the unescaped text; the @ may itself be an escape, and an address of the right
            // shape holds no backslash that could make another place look like one.
            var raw = slice.Raw(value);
            var at = raw.IndexOf((byte)'@') is >= 0 and var literal ? literal + 1 : raw.IndexOf("\\u0040"u8) + 6;
            e.EmailDomain = new TextSlice(slice.Start + at, slice.Length - at, true);
        }

        return isWell;
    }

    private static void Keep(TextSlice slice, Field field, ref DecodedEvent e)
    {
        switch (field)
        {
            case Field.RunId:
                e.RunId = slice;
                break;
            case Field.Source:
                e.Source = slice;
                break;
            case Field.FirstName:
                e.FirstName = slice;
                break;
            case Field.LastName:
                e.LastName = slice;
                break;
            case Field.Phone:
                e.Phone = slice;
                break;
            case Field.Address:
                e.Address = slice;
                break;
            case Field.Picture:
                e.Picture = slice;
                break;
            case Field.SessionHint:
                e.SessionHint = slice;
                break;
            case Field.Page:
                e.Page = slice;
                break;
            case Field.Device:
                e.Device = slice;
                break;
            case Field.Detail:
                e.Detail = slice;
                break;
        }
    }
}
