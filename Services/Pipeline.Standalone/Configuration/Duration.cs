using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Standalone.Configuration;

/// <summary>Durations as people write them: <c>500ms</c>, <c>5s</c>, <c>1m30s</c>, <c>24h</c>, <c>7d</c>, or .NET's <c>[d.]hh:mm:ss</c>.</summary>
internal static partial class Duration
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        // A bare number is refused: .NET would read days, and nobody means days.
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out duration);
        }

        duration = TimeSpan.Zero;
        var match = WithUnits().Match(text);
        if (!match.Success || text.Length == 0)
        {
            return false;
        }

        try
        {
            for (var i = 0; i < match.Groups["n"].Captures.Count; i++)
            {
                var number = double.Parse(match.Groups["n"].Captures[i].Value, CultureInfo.InvariantCulture);
                duration += match.Groups["u"].Captures[i].Value switch
                {
                    "ms" => TimeSpan.FromMilliseconds(number),
                    "s" => TimeSpan.FromSeconds(number),
                    "m" => TimeSpan.FromMinutes(number),
                    "h" => TimeSpan.FromHours(number),
                    _ => TimeSpan.FromDays(number),
                };
            }

            return true;
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^((?<n>\d+(\.\d+)?)(?<u>ms|s|m|h|d))+$", RegexOptions.CultureInvariant)]
    private static partial Regex WithUnits();
}
