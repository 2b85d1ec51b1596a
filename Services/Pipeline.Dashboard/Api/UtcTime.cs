using System.Globalization;

namespace Pipeline.Dashboard.Api;

/// <summary>Times at the edge of the API: ISO 8601 outside, Unix ms inside.</summary>
internal static class UtcTime
{
    private static readonly long Min = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Max = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd",
    ];

    /// <summary>A UTC time; the type writes itself with a <c>Z</c>.</summary>
    public static DateTime FromUnixMs(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(unixMs, Min, Max)).UtcDateTime;

    public static DateTime? FromUnixMsOrNone(long unixMs) => unixMs == long.MinValue ? null : FromUnixMs(unixMs);

    /// <summary>Reads a time; one without an offset is UTC.</summary>
    public static bool TryParse(string text, out long unixMs)
    {
        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        var isTime = DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, Styles, out var time);
        unixMs = isTime ? time.ToUnixTimeMilliseconds() : 0;
        return isTime;
    }
}
