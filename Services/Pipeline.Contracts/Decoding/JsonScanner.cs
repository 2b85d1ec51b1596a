using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Contracts;

/// <summary>
/// Checks JSON (RFC 8259) by position, without exceptions: a damaged record costs no more than a good one, where
/// <c>Utf8JsonReader</c> throws. Every method takes the position of a token's first byte and returns the position after
/// the token, or the complement of the byte at which the text stops being JSON (a negative number).
/// The bytes must be valid UTF-8. System.Text.Json is the oracle of its tests.
/// </summary>
internal static class JsonScanner
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SkipWhitespace(ReadOnlySpan<byte> json, int i)
        => (uint)i < (uint)json.Length && json[i] > ' ' ? i : SkipWhitespaceSlow(json, i);

    /// <summary>The rest of a string, <paramref name="i"/> being the byte after its opening quote.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int String(ReadOnlySpan<byte> json, int i, out StringTraits traits)
    {
        traits = StringTraits.None;
        i = FindSpecial(json, i);
        return (uint)i < (uint)json.Length && json[i] == '"' ? i + 1 : StringSlow(json, i, ref traits);
    }

    public static int Number(ReadOnlySpan<byte> json, int i)
    {
        if (json[i] == '-')
        {
            i++;
        }

        var start = i;
        i = SkipDigits(json, i);
        if (i == start)
        {
            return ~i;
        }

        if (json[start] == '0' && i > start + 1)
        {
            return ~(start + 1);
        }

        if (i < json.Length && json[i] == '.')
        {
            start = i + 1;
            i = SkipDigits(json, start);
            if (i == start)
            {
                return ~i;
            }
        }

        if (i < json.Length && (json[i] | 0x20) == 'e')
        {
            start = i + 1 < json.Length && json[i + 1] is (byte)'+' or (byte)'-' ? i + 2 : i + 1;
            i = SkipDigits(json, start);
            if (i == start)
            {
                return ~i;
            }
        }

        return i;
    }

    /// <summary>A string, number, true, false or null.</summary>
    public static int Scalar(ReadOnlySpan<byte> json, int i) => json[i] switch
    {
        (byte)'"' => String(json, i + 1, out _),
        (byte)'t' => Literal(json, i, "true"u8),
        (byte)'f' => Literal(json, i, "false"u8),
        (byte)'n' => Literal(json, i, "null"u8),
        (byte)'-' or (>= (byte)'0' and <= (byte)'9') => Number(json, i),
        _ => ~i,
    };

    /// <summary>
    /// Any value, with all that is inside it. <paramref name="depth"/> objects and arrays are open around it;
    /// <paramref name="reason"/> is changed to <see cref="ReasonCode.TooDeep"/> when that was the error.
    /// </summary>
    public static int Value(ReadOnlySpan<byte> json, int i, int depth, ref ReasonCode reason)
    {
        // A bit per open container, 1 for an object; the depth limit keeps them within 64.
        var kinds = 0UL;
        var open = 0;
        while (true)
        {
            if ((uint)i >= (uint)json.Length)
            {
                return ~json.Length;
            }

            if (json[i] is (byte)'{' or (byte)'[')
            {
                if (depth + open >= EventDecoder.MaxDepth)
                {
                    reason = ReasonCode.TooDeep;
                    return ~i;
                }

                var isObject = json[i] == '{';
                i = SkipWhitespace(json, i + 1);
                if (i >= json.Length || json[i] != (isObject ? '}' : ']'))
                {
                    kinds = (kinds << 1) | (isObject ? 1UL : 0UL);
                    open++;
                    i = isObject ? MemberName(json, i) : i;
                    if (i < 0)
                    {
                        return i;
                    }

                    continue;
                }

                i++;
            }
            else
            {
                i = Scalar(json, i);
                if (i < 0)
                {
                    return i;
                }
            }

            i = CloseEnded(json, i, ref kinds, ref open);
            if (i < 0 || open == 0)
            {
                return i;
            }
        }
    }

    /// <summary>After a value: closes the containers that end with it; returns where the next value starts, or the end.</summary>
    private static int CloseEnded(ReadOnlySpan<byte> json, int i, ref ulong kinds, ref int open)
    {
        while (open > 0)
        {
            var isObject = (kinds & 1) != 0;
            i = SkipWhitespace(json, i);
            if (i >= json.Length)
            {
                return ~i;
            }

            if (json[i] == ',')
            {
                i = SkipWhitespace(json, i + 1);
                return isObject ? MemberName(json, i) : i;
            }

            if (json[i] != (isObject ? '}' : ']'))
            {
                return ~i;
            }

            i++;
            open--;
            kinds >>= 1;
        }

        return i;
    }

    /// <summary>A member's name and colon; returns where its value starts.</summary>
    private static int MemberName(ReadOnlySpan<byte> json, int i)
    {
        if (i >= json.Length || json[i] != '"')
        {
            return ~i;
        }

        i = String(json, i + 1, out _);
        if (i < 0)
        {
            return i;
        }

        i = SkipWhitespace(json, i);
        return i < json.Length && json[i] == ':' ? SkipWhitespace(json, i + 1) : ~i;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int StringSlow(ReadOnlySpan<byte> json, int i, ref StringTraits traits)
    {
        while (true)
        {
            if (i >= json.Length)
            {
                return ~json.Length;
            }

            if (json[i] == '"')
            {
                return i + 1;
            }

            // What is special and neither quote nor backslash is a control character.
            if (json[i] != '\\')
            {
                return ~i;
            }

            i = Escape(json, i, ref traits);
            if (i < 0)
            {
                return i;
            }

            i = FindSpecial(json, i);
        }
    }

    private static int Escape(ReadOnlySpan<byte> json, int i, ref StringTraits traits)
    {
        traits |= StringTraits.Escaped;
        if (i + 1 >= json.Length)
        {
            return ~json.Length;
        }

        if (json[i + 1] is (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t')
        {
            return i + 2;
        }

        if (json[i + 1] != 'u')
        {
            return ~i;
        }

        var unit = JsonText.HexUnit(json[(i + 2)..]);
        if (unit < 0 || char.IsLowSurrogate((char)unit))
        {
            return ~i;
        }

        if (unit == 0)
        {
            traits |= StringTraits.Nul;
        }

        if (!char.IsHighSurrogate((char)unit))
        {
            return i + 6;
        }

        var hasLow = json[(i + 6)..].StartsWith("\\u"u8) && JsonText.HexUnit(json[(i + 8)..]) is >= 0xDC00 and <= 0xDFFF;
        return hasLow ? i + 12 : ~i;
    }

    private static int Literal(ReadOnlySpan<byte> json, int i, ReadOnlySpan<byte> literal)
    {
        var same = json[i..].CommonPrefixLength(literal);
        return same == literal.Length ? i + same : ~(i + same);
    }

    /// <summary>The next quote, backslash or control character, or the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FindSpecial(ReadOnlySpan<byte> json, int i)
    {
        ref var bytes = ref MemoryMarshal.GetReference(json);
        while (i <= json.Length - Vector256<byte>.Count)
        {
            var text = Vector256.LoadUnsafe(ref bytes, (nuint)i);
            var special = Vector256.Equals(text, Vector256.Create((byte)'"'))
                | Vector256.Equals(text, Vector256.Create((byte)'\\'))
                | Vector256.Equals(Vector256.Min(text, Vector256.Create((byte)0x1F)), text);
            if (special != Vector256<byte>.Zero)
            {
                return i + BitOperations.TrailingZeroCount(special.ExtractMostSignificantBits());
            }

            i += Vector256<byte>.Count;
        }

        return FindSpecialInTail(json, i);
    }

    private static int FindSpecialInTail(ReadOnlySpan<byte> json, int i)
    {
        while ((uint)i < (uint)json.Length && json[i] is not ((byte)'"' or (byte)'\\') && json[i] >= 0x20)
        {
            i++;
        }

        return i;
    }

    private static int SkipDigits(ReadOnlySpan<byte> json, int i)
    {
        while ((uint)i < (uint)json.Length && (uint)(json[i] - '0') <= 9)
        {
            i++;
        }

        return i;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int SkipWhitespaceSlow(ReadOnlySpan<byte> json, int i)
    {
        while ((uint)i < (uint)json.Length && json[i] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            i++;
        }

        return i;
    }
}
