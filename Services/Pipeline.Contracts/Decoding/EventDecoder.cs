using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace Pipeline.Contracts;

/// <summary>
/// Decodes the value of a record of either topic, straight from its UTF-8 bytes: one pass, nothing allocated, no
/// exception whatever the bytes are. Thread-safe.
/// </summary>
/// <remarks>
/// Of several errors the one reported is, in this order: the value as a whole (empty, too large, not UTF-8, not JSON, too
/// deep, not an object), an unknown schema version, the first wrong field by position, the first missing field by contract
/// order. Members that the contract of the event's topic does not name are skipped, once they are found to be valid JSON.
/// </remarks>
public static class EventDecoder
{
    /// <summary>Largest value, in bytes.</summary>
    public const int MaxValueBytes = 1_048_576;

    /// <summary>Most objects and arrays inside each other; the event itself is the first.</summary>
    public const int MaxDepth = 16;

    /// <summary>The schema version that this decoder knows.</summary>
    public const int SchemaVersion = 1;

    /// <summary>The reasons for which a decode can fail.</summary>
    public static IReadOnlyList<ReasonCode> Reasons { get; } =
        [.. Enum.GetValues<ReasonCode>().Where(reason => reason is >= ReasonCode.EmptyValue and <= ReasonCode.OutOfRange)];

    /// <summary>Decodes a value into <paramref name="e"/>, which says nothing unless the result is a success.</summary>
    public static DecodeResult Decode(ReadOnlySpan<byte> value, ref DecodedEvent e)
    {
        if (value.IsEmpty)
        {
            return new DecodeResult(ReasonCode.EmptyValue);
        }

        if (value.Length > MaxValueBytes)
        {
            return new DecodeResult(ReasonCode.TooLarge);
        }

        if (!Utf8.IsValid(value) && value[0] != 0)
        {
            return new DecodeResult(ReasonCode.InvalidUtf8, Utf8Check.IndexOfInvalid(value));
        }

        var i = JsonScanner.SkipWhitespace(value, 0);
        if (i >= value.Length || value[i] != '{')
        {
            return NotAnObject(value, i);
        }

        e = default;
        e.Age = -1;
        e.DateOfBirth = long.MinValue;
        var errors = new FieldErrors();
        var reason = ReasonCode.MalformedJson;
        i = Members(value, i + 1, ref e, ref errors, ref reason);
        return i < 0 ? new DecodeResult(reason, ~i) : Conclude(ref e, in errors);
    }

    /// <summary>The members after the opening brace, the closing brace and nothing after it but blanks.</summary>
    private static int Members(ReadOnlySpan<byte> value, int i, ref DecodedEvent e, ref FieldErrors errors, ref ReasonCode reason)
    {
        i = JsonScanner.SkipWhitespace(value, i);
        if (i < value.Length && value[i] == '}')
        {
            return AtEnd(value, i + 1);
        }

        var expected = Field.EventId;
        while (true)
        {
            var name = i;
            var field = expected;
            if (FieldNames.Is(expected, value, i))
            {
                i += FieldNames.QuotedLength(expected);
            }
            else
            {
                i = Name(value, i, out field);
                if (i < 0)
                {
                    return i;
                }
            }

            i = JsonScanner.SkipWhitespace(value, i);
            if ((uint)i >= (uint)value.Length || value[i] != ':')
            {
                return ~i;
            }

            i = JsonScanner.SkipWhitespace(value, i + 1);
            i = field != Field.None && errors.IsFirst(field, name)
                ? Member(value, i, field, ref e, ref errors, ref reason)
                : JsonScanner.Value(value, i, depth: 1, ref reason);
            if (i < 0)
            {
                return i;
            }

            i = JsonScanner.SkipWhitespace(value, i);
            if ((uint)i < (uint)value.Length && value[i] == ',')
            {
                i = JsonScanner.SkipWhitespace(value, i + 1);
                expected = FieldNames.After(field, e.EventType);
                continue;
            }

            return (uint)i < (uint)value.Length && value[i] == '}' ? AtEnd(value, i + 1) : ~i;
        }
    }

    /// <summary>Any member's name in its quotes; returns where it ends.</summary>
    private static int Name(ReadOnlySpan<byte> value, int start, out Field field)
    {
        field = Field.None;
        if ((uint)start >= (uint)value.Length || value[start] != '"')
        {
            return ~start;
        }

        var i = JsonScanner.String(value, start + 1, out var traits);
        if (i < 0)
        {
            return i;
        }

        var text = value[(start + 1)..(i - 1)];
        field = traits == StringTraits.None ? FieldNames.Find(text) : FieldNames.FindEscaped(text);
        return i;
    }

    /// <summary>The value of a contract field: checked as JSON, then against the contract.</summary>
    private static int Member(ReadOnlySpan<byte> value, int start, Field field, ref DecodedEvent e, ref FieldErrors errors, ref ReasonCode reason)
    {
        if ((uint)start >= (uint)value.Length)
        {
            return ~start;
        }

        ReasonCode wrong;
        int i;
        var first = value[start];
        if (first == '"')
        {
            i = JsonScanner.String(value, start + 1, out var traits);
            if (i < 0)
            {
                return i;
            }

            wrong = FieldSets.Contains(FieldSets.Integer, field)
                ? ReasonCode.WrongType
                : FieldReader.Text(value, new TextSlice(start + 1, i - start - 2, traits != StringTraits.None), traits, field, ref e);
        }
        else
        {
            i = JsonScanner.Value(value, start, depth: 1, ref reason);
            if (i < 0)
            {
                return i;
            }

            wrong = first == 'n'
                ? FieldSets.Contains(FieldSets.Nullable, field) ? ReasonCode.None : ReasonCode.NullField
                : FieldSets.Contains(FieldSets.Integer, field) ? FieldReader.Integer(value[start..i], field, ref e) : ReasonCode.WrongType;
        }

        if (wrong != ReasonCode.None)
        {
            errors.Add(wrong, start, field);
        }

        return i;
    }

    private static int AtEnd(ReadOnlySpan<byte> value, int i)
    {
        i = i == value.Length ? i : JsonScanner.SkipWhitespace(value, i);
        return i == value.Length ? i : ~i;
    }

    private static DecodeResult Conclude(ref DecodedEvent e, in FieldErrors errors)
    {
        var fields = FieldSets.Of(e.EventType);
        var error = errors.First(e.EventType);
        if (error.Reason != ReasonCode.None)
        {
            return error;
        }

        var missing = fields & FieldSets.Required & ~errors.Seen;
        if (missing != 0)
        {
            return new DecodeResult(ReasonCode.MissingField, -1, (Field)BitOperations.TrailingZeroCount(missing));
        }

        if ((e.Present & ~fields) != 0)
        {
            FieldReader.Forget(e.Present & ~fields, ref e);
        }

        return new DecodeResult(ReasonCode.None);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DecodeResult NotAnObject(ReadOnlySpan<byte> value, int i)
    {
        if (value[0] == 0)
        {
            // The frame of a schema registry: whoever reads the log takes it off where the schema is known and the value is one of it.
            return new DecodeResult(ReasonCode.UnknownSchema, 0);
        }

        var reason = ReasonCode.MalformedJson;
        var end = JsonScanner.Value(value, i, depth: 0, ref reason);
        end = end < 0 ? end : AtEnd(value, end);
        return end < 0 ? new DecodeResult(reason, ~end) : new DecodeResult(ReasonCode.NotAnObject, i);
    }
}
