using System.Numerics;
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
        if (slice.IsEmpty)
        {
            return Empty(field);
        }

        e.Keep(field, slice);
        var isWell = traits != StringTraits.None
            ? TryReadEscaped(value, slice, traits, field, ref e)
            : !FieldSets.Contains(FieldSets.Formatted, field) || TryRead(slice.Raw(value), slice, field, ref e);
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
        for (var left = fields; left != 0; left &= left - 1)
        {
            e.Keep((Field)BitOperations.TrailingZeroCount(left), default);
        }

        if ((fields & FieldSets.OfUser) != 0)
        {
            (e.EmailDomain, e.Gender, e.Nationality, e.Age, e.DateOfBirth) = (default, default, default, -1, long.MinValue);
        }
    }

    private static ReasonCode Empty(Field field)
    {
        if (!FieldSets.Contains(FieldSets.Nullable, field))
        {
            return ReasonCode.NullField;
        }

        return FieldSets.Contains(FieldSets.Formatted, field) ? ReasonCode.BadFormat : ReasonCode.None;
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
                return ClosedSets.TryRead(text, out e.Nationality);
            case Field.Email:
                var domain = EmailShape.DomainStart(text);
                e.EmailDomain = domain < 0 ? default : new TextSlice(slice.Start + domain, slice.Length - domain, false);
                return true;
            default:
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
            return true;
        }

        if (slice.Length > MaxEscapedBytes)
        {
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
}
