using System.Buffers;
using System.Text.Encodings.Web;

namespace Pipeline.Contracts;

/// <summary>
/// Escapes only what RFC 8259 demands: quotes, backslashes and control characters. Names of every script stay readable and
/// short in the log, those beyond the basic plane too, which <see cref="JavaScriptEncoder.UnsafeRelaxedJsonEscaping"/> still
/// escapes. What is left as it is matters only where JSON is pasted into HTML.
/// </summary>
internal sealed class PlainTextEncoder : JavaScriptEncoder
{
    private static readonly SearchValues<char> Escaped
        = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\']);

    public override int MaxOutputCharactersPerInputCharacter => 6;

    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < 0x20 or '"' or '\\';

    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var chars = new ReadOnlySpan<char>(text, textLength);
        var escaped = chars.IndexOfAny(Escaped);
        var lone = IndexOfLoneSurrogate(escaped < 0 ? chars : chars[..escaped]);
        return lone < 0 ? escaped : lone;
    }

    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var target = new Span<char>(buffer, bufferLength);
        var letter = unicodeScalar switch
        {
            '"' or '\\' => (char)unicodeScalar,
            '\b' => 'b',
            '\f' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            _ => 'u',
        };
        numberOfCharactersWritten = letter == 'u' ? 6 : 2;
        if (target.Length < numberOfCharactersWritten)
        {
            numberOfCharactersWritten = 0;
            return false;
        }

        target[0] = '\\';
        target[1] = letter;
        return letter != 'u' || unicodeScalar.TryFormat(target[2..], out _, "x4", System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Half a character cannot be written as UTF-8; the caller's base class puts U+FFFD in its place.</summary>
    private static int IndexOfLoneSurrogate(ReadOnlySpan<char> chars)
    {
        var from = 0;
        while (chars[from..].IndexOfAnyInRange('\uD800', '\uDFFF') is >= 0 and var found)
        {
            var i = from + found;
            if (i + 1 >= chars.Length || !char.IsSurrogatePair(chars[i], chars[i + 1]))
            {
                return i;
            }

            from = i + 2;
        }

        return -1;
    }
}
