using System.Text;

namespace Pipeline.Contracts;

/// <summary>Reads the text of JSON strings that the scanner has already found well-formed.</summary>
internal static class JsonText
{
    /// <summary>Writes the text without its escapes, which never makes it longer; returns its length.</summary>
    public static int Unescape(ReadOnlySpan<byte> escaped, Span<byte> target)
    {
        var written = 0;
        while (true)
        {
            var plain = escaped.IndexOf((byte)'\\');
            if (plain < 0)
            {
                escaped.CopyTo(target[written..]);
                return written + escaped.Length;
            }

            escaped[..plain].CopyTo(target[written..]);
            written += plain;
            var kind = escaped[plain + 1];
            escaped = escaped[(plain + 2)..];
            if (kind == (byte)'u')
            {
                var rune = HexUnit(escaped);
                escaped = escaped[4..];
                if (char.IsHighSurrogate((char)rune))
                {
                    rune = char.ConvertToUtf32((char)rune, (char)HexUnit(escaped[2..]));
                    escaped = escaped[6..];
                }

                written += new Rune(rune).EncodeToUtf8(target[written..]);
            }
            else
            {
                target[written++] = kind switch
                {
                    (byte)'b' => (byte)'\b',
                    (byte)'f' => (byte)'\f',
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    (byte)'t' => (byte)'\t',
                    _ => kind,
                };
            }
        }
    }

    /// <summary>The four hex digits of a \u escape; negative when there are no four hex digits.</summary>
    public static int HexUnit(ReadOnlySpan<byte> digits)
        => digits.Length < 4
            ? -1
            : (HexDigit(digits[0]) << 12) | (HexDigit(digits[1]) << 8) | (HexDigit(digits[2]) << 4) | HexDigit(digits[3]);

    /// <summary>0 to 15, or −1, whose sign survives shifting and or-ing with others.</summary>
    public static int HexDigit(byte c)
    {
        var digit = c - '0';
        if ((uint)digit <= 9)
        {
            return digit;
        }

        var letter = (c | 0x20) - 'a';
        return (uint)letter <= 5 ? letter + 10 : -1;
    }
}
