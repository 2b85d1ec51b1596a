using System.Globalization;

namespace Pipeline.Dashboard.Views;

/// <summary>How figures are written on the pages; the same everywhere.</summary>
internal static class Figures
{
    /// <summary>Stands where there is nothing to say.</summary>
    public const string None = "–";

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Rate(double perSecond) => perSecond.ToString(perSecond is > 0 and < 100 ? "N1" : "N0", CultureInfo.InvariantCulture);

    public static string Percent(double share) => share switch
    {
        // Rounded towards the middle: what is not whole never reads as if it were.
        1 => "100 %",
        > 0.9999 => "> 99.99 %",
        0 => "0 %",
        < 0.0001 => "< 0.01 %",
        _ => (share * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %",
    };

    public static string Milliseconds(double ms) => ms switch
    {
        < 10 => ms.ToString("0.#", CultureInfo.InvariantCulture) + " ms",
        < 1000 => ms.ToString("0", CultureInfo.InvariantCulture) + " ms",
        _ => Seconds(ms / 1000),
    };

    public static string Seconds(double? seconds) => seconds switch
    {
        null => None,
        < 10 => seconds.Value.ToString("0.#", CultureInfo.InvariantCulture) + " s",
        < 120 => seconds.Value.ToString("0", CultureInfo.InvariantCulture) + " s",
        < 7200 => (seconds.Value / 60).ToString("0", CultureInfo.InvariantCulture) + " min",
        < 172_800 => (seconds.Value / 3600).ToString("0", CultureInfo.InvariantCulture) + " h",
        _ => (seconds.Value / 86_400).ToString("0", CultureInfo.InvariantCulture) + " d",
    };

    /// <summary>A timetable as it is told, with a length that can be read.</summary>
    public static string Schedule(string summary)
        => summary.Split(' ') is ["every", var length, "s"] && double.TryParse(length, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) ? $"every {Seconds(seconds)}" : summary;

    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => bytes.ToString(CultureInfo.InvariantCulture) + " B",
        < 1024 * 1024 => (bytes / 1024.0).ToString("0.#", CultureInfo.InvariantCulture) + " KiB",
        _ => (bytes / 1048576.0).ToString("0.#", CultureInfo.InvariantCulture) + " MiB",
    };
}
