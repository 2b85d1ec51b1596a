using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Pipeline.Dashboard.Views;

/// <summary>The part of a value that is shown, with the place of an error in it.</summary>
/// <param name="Before">Text before the error.</param>
/// <param name="At">What stands at the error; empty when there is none, or when it is behind the end.</param>
/// <param name="SkippedBefore">Bytes that are not shown at the start.</param>
/// <param name="SkippedAfter">Bytes that are not shown at the end.</param>
/// <param name="IsText">Whether the value is UTF-8; otherwise it is shown in hexadecimal.</param>
internal sealed record ByteWindow(string Before, string At, string After, int SkippedBefore, int SkippedAfter, bool IsText)
{
    private const int TextRadius = 2048;
    private const int HexRadius = 256;

    /// <param name="errorOffset">Byte at which the error was found; negative when it concerns the whole value.</param>
    public static ByteWindow Around(ReadOnlySpan<byte> value, int errorOffset)
    {
        var isText = Utf8.IsValid(value);
        var radius = isText ? TextRadius : HexRadius;
        var hasError = errorOffset >= 0;
        var center = hasError ? Math.Min(errorOffset, value.Length) : 0;
        var start = Math.Max(0, center - radius);
        var end = (int)Math.Min(value.Length, (long)center + (hasError ? radius : 2 * radius));
        if (isText)
        {
            start = CharacterStart(value, start);
            center = CharacterStart(value, center);
            end = CharacterStart(value, end);
        }

        var atEnd = hasError && center < value.Length ? isText ? CharacterEnd(value, center) : center + 1 : center;
        return new ByteWindow(
            Show(value[start..center], isText),
            Show(value[center..atEnd], isText),
            Show(value[atEnd..Math.Max(end, atEnd)], isText),
            start,
            value.Length - Math.Max(end, atEnd),
            isText);
    }

    private static string Show(ReadOnlySpan<byte> bytes, bool isText)
    {
        if (isText)
        {
            return ForeignText.Visible(Encoding.UTF8.GetString(bytes), int.MaxValue);
        }

        var shown = new StringBuilder(bytes.Length * 3);
        foreach (var b in bytes)
        {
            // Readable bytes as themselves, so that the text around a broken byte can still be read.
            shown.Append(b is > (byte)' ' and <= (byte)'~' ? ((char)b).ToString() : b == (byte)' ' ? " " : string.Create(CultureInfo.InvariantCulture, $"‹{b:X2}›"));
        }

        return shown.ToString();
    }

    private static int CharacterStart(ReadOnlySpan<byte> value, int at)
    {
        while (at > 0 && at < value.Length && (value[at] & 0xC0) == 0x80)
        {
            at--;
        }

        return at;
    }

    private static int CharacterEnd(ReadOnlySpan<byte> value, int at)
    {
        at++;
        while (at < value.Length && (value[at] & 0xC0) == 0x80)
        {
            at++;
        }

        return at;
    }
}
