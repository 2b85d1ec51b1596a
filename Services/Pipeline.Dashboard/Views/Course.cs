using System.Globalization;

namespace Pipeline.Dashboard.Views;

/// <summary>Writes the course of one figure as a line of an SVG. Pure.</summary>
internal static class Course
{
    /// <summary>Of the picture; its width is the number of values less one.</summary>
    public const int Height = 30;

    private const int Top = 2;
    private const int Bottom = 28;
    private const int Below = Height + 2;

    /// <summary>
    /// The corners of the area under the line. Its sides and its foot lie outside of the picture, so that only the course is seen; fewer values
    /// than the width has begin where their time does.
    /// </summary>
    public static string Points(IReadOnlyList<double> values, int length)
    {
        var shown = values.TakeLast(length).ToArray();
        if (shown.Length < 2)
        {
            return "";
        }

        var most = Math.Max(shown.Max(), 1e-9);
        var left = length - shown.Length;
        var corners = shown.Select((value, i) => string.Create(CultureInfo.InvariantCulture, $"{left + i},{Bottom - ((Bottom - Top) * value / most):0}"));
        return string.Create(CultureInfo.InvariantCulture, $"{(left == 0 ? -1 : left)},{Below} {string.Join(' ', corners)} {length},{Below}");
    }
}
