using System.Globalization;
using Pipeline.Dashboard.Views;

namespace Pipeline.Dashboard.Live;

/// <summary>How a person wants the pages: kept in cookies, so that the first answer is right already.</summary>
/// <param name="Theme"><c>light</c>, <c>dark</c>, or empty for the system's.</param>
/// <param name="TimeZone">IANA name of the zone in which times are shown; <c>UTC</c> unless the person switched.</param>
/// <param name="SeesPersonal">Whether personal data are shown: from the role <c>operator</c> on. It reaches the browser only sealed.</param>
/// <param name="Caller">Whose actions are counted together, see <see cref="Page.PageLimits.CallerOf"/>.</param>
public sealed record ViewPreferences(string Theme, string TimeZone, bool SeesPersonal = false, string Caller = "")
{
    public const string ThemeCookie = "pipeline-theme";
    public const string TimeZoneCookie = "pipeline-zone";

    private TimeZoneInfo? _zone;

    public static ViewPreferences Default { get; } = new("", "UTC");

    public bool IsUtc => Zone == TimeZoneInfo.Utc;

    /// <summary>Name to show beside times.</summary>
    public string ZoneName => IsUtc ? "UTC" : TimeZone;

    // The name comes from a cookie, and a bare system may know no zones: UTC is always right, and says so.
    private TimeZoneInfo Zone => _zone ??= TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out var zone) && TimeZone != "UTC" ? zone : TimeZoneInfo.Utc;

    public static ViewPreferences From(HttpRequest? request)
    {
        var theme = request?.Cookies[ThemeCookie];
        var zone = request?.Cookies[TimeZoneCookie];
        return new ViewPreferences(
            theme is "light" or "dark" ? theme : "",
            string.IsNullOrEmpty(zone) || zone.Length > 64 ? "UTC" : zone,
            request is not null && Redaction.MaySeePersonal(request.HttpContext.User),
            request is null ? "" : Page.PageLimits.CallerOf(request.HttpContext));
    }

    public DateTime Local(DateTime utc) => TimeZoneInfo.ConvertTimeFromUtc(DateTime.SpecifyKind(utc, DateTimeKind.Utc), Zone);

    public string Format(DateTime utc, string format) => Local(utc).ToString(format, CultureInfo.InvariantCulture);

    /// <summary>An instant from a local time of the zone.</summary>
    public DateTimeOffset ToUtc(DateTime local) => new(DateTime.SpecifyKind(local, DateTimeKind.Unspecified), Zone.GetUtcOffset(local));
}
