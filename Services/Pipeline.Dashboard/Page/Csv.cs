using System.Globalization;
using Pipeline.Dashboard.Api;

namespace Pipeline.Dashboard.Page;

/// <summary>Fields of a CSV file (RFC 4180) that a spreadsheet may open.</summary>
internal static class Csv
{
    /// <summary>Quoted where needed. What a spreadsheet would take for a formula gets an apostrophe: the text may come from anybody.</summary>
    public static string Field(string text)
    {
        var safe = text.Length > 0 && text[0] is ('=' or '+' or '-' or '@' or '\t' or '\r') ? "'" + text : text;
        return safe.AsSpan().IndexOfAny("\",\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    public static string Time(long unixMs) => UtcTime.FromUnixMs(unixMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
