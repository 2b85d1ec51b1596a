using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Contracts;

/// <summary>Finds the contract field of a JSON member's name.</summary>
internal static class FieldNames
{
    private const int LongestName = 14;

    // The names in their quotes, which are at most 16 bytes, and a bit for each byte that counts.
    private static readonly Vector128<byte>[] Quoted = [.. AllFields.Select(QuotedBytes)];
    private static readonly uint[] QuotedMasks = [.. AllFields.Select(field => (1u << (field.WireName().Length + 2)) - 1)];
    private static readonly byte[] QuotedLengths = [.. AllFields.Select(field => (byte)(field.WireName().Length + 2))];

    private static IEnumerable<Field> AllFields => Enumerable.Range(0, WireNames.FieldCount).Select(i => (Field)i);

    /// <summary>
    /// Whether a field's name stands at a position, quoted and unescaped: one wide compare. Our writers keep the contract's
    /// order, so that the next field's name is known and need not be looked for.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(Field field, ReadOnlySpan<byte> json, int i)
    {
        if (i > json.Length - Vector128<byte>.Count || (int)field >= Quoted.Length)
        {
            return false;
        }

        var text = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(json), (nuint)i);
        var same = Vector128.Equals(text, Quoted[(int)field]).ExtractMostSignificantBits();
        return (~same & QuotedMasks[(int)field]) == 0;
    }

    /// <summary>Length of a field's name with its quotes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int QuotedLength(Field field) => QuotedLengths[(int)field];

    /// <summary>The field that a writer in the contract's order writes next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Field After(Field field, EventType type)
        => field == Field.SchemaVersion && type != EventType.Profile ? Field.SessionHint : (Field)(byte)(field + 1);

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

    private static Vector128<byte> QuotedBytes(Field field)
    {
        Span<byte> bytes = stackalloc byte[Vector128<byte>.Count];
        bytes.Clear();
        bytes[0] = (byte)'"';
        field.Utf8Name().CopyTo(bytes[1..]);
        bytes[field.Utf8Name().Length + 1] = (byte)'"';
        return Vector128.Create(bytes);
    }
}
