using System.Globalization;

namespace Pipeline.Simulator.Api;

/// <summary>A text as a number by the rules of JavaScript's <c>Number(text)</c>, which the genuine service applies to its parameters.</summary>
internal static class JsNumber
{
    /// <summary>NaN where the text is no number; 0 for an empty one.</summary>
    public static double Parse(string text)
    {
        var trimmed = text.AsSpan().Trim();
        if (trimmed.IsEmpty)
        {
            return 0;
        }

        if (trimmed.Length > 2 && trimmed[0] == '0' && "xXoObB".Contains(trimmed[1], StringComparison.Ordinal))
        {
            return ParseRadix(trimmed[2..], char.ToLowerInvariant(trimmed[1]) switch { 'x' => 16, 'o' => 8, _ => 2 });
        }

        if (trimmed.TrimStart("+-") is "Infinity")
        {
            return trimmed[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        }

        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return char.IsAsciiDigit(trimmed[^1]) || trimmed[^1] == '.'
            ? double.TryParse(trimmed, Style, CultureInfo.InvariantCulture, out var number) ? number : double.NaN
            : double.NaN;
    }

    private static double ParseRadix(ReadOnlySpan<char> digits, int radix)
    {
        var value = 0.0;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix)
            {
                return double.NaN;
            }

            value = (value * radix) + digit;
        }

        return value;
    }
}
