using System.Globalization;
using System.Text;

namespace Pipeline.Dashboard.Views;

/// <summary>Text that came with an event, made fit to be read: what has no shape of its own, or would rearrange its surroundings, becomes visible.</summary>
internal static class ForeignText
{
    /// <summary>Characters shown of one value where no more is asked for.</summary>
    public const int Short = 160;

    /// <param name="maxLength">Characters of the text that are taken, so that a value of a megabyte does not reach the page.</param>
    public static string Visible(string text, int maxLength = Short)
    {
        var end = Math.Min(text.Length, maxLength);
        if (end < text.Length && end > 0 && char.IsHighSurrogate(text[end - 1]))
        {
            end--;
        }

        var shown = new StringBuilder(end + 8);
        for (var i = 0; i < end; i++)
        {
            var c = text[i];
            if (IsHidden(c))
            {
                shown.Append(CultureInfo.InvariantCulture, $"⟨{(int)c:X4}⟩");
            }
            else
            {
                shown.Append(c);
            }
        }

        return end < text.Length ? shown.Append('…').ToString() : shown.ToString();
    }

    /// <summary>Control characters but line ends and tabs, and the marks that change the direction of text. Joiners stay: scripts need them.</summary>
    private static bool IsHidden(char c)
        => (char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
        || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\u200E' or '\u200F' or '\u061C' or '\uFEFF';
}
