using System.Globalization;
using Pipeline.Dashboard.Api;

namespace Pipeline.Dashboard;

/// <summary>Parameters of addresses.</summary>
internal static class AddressText
{
    /// <summary>A parameter that is there without a value says nothing: null, as one that is not there.</summary>
    public static string? OrNull(this string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>An instant as queries of the API take it, to the second.</summary>
    public static string Instant(long unixMs) => UtcTime.FromUnixMs(unixMs).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
