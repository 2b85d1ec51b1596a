using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.ServiceDefaults;

/// <summary>Durations as people write them: <c>500ms</c>, <c>5s</c>, <c>1m30s</c>, <c>24h</c>, <c>7d</c>, or .NET's <c>[d.]hh:mm:ss</c>.</summary>
public static partial class Duration
{
    private static readonly Lazy<TypeDescriptionProvider> ForSettings = new(() => TypeDescriptor.AddAttributes(typeof(TimeSpan), new TypeConverterAttribute(typeof(Converter))));

    /// <summary>Makes the binder of settings read durations so, in the whole process.</summary>
    public static void UseForSettings() => _ = ForSettings.Value;

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

    private sealed class Converter : TimeSpanConverter
    {
        public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) => value is not string text
            ? base.ConvertFrom(context, culture, value)
            : TryParse(text.Trim(), out var duration)
                ? duration
                : throw new FormatException($"'{text}' is not a duration like 5s, 1m30s or 00:00:05.");
    }
}
