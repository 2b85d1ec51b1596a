using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Views;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Page;

/// <summary>What the chart of the analytics shows, as a file.</summary>
internal static class AnalyticsDownloads
{
    public static void MapAnalyticsDownloads(this IEndpointRouteBuilder app) => app.MapGet("/analytics/export", ExportAsync);

    private static async Task ExportAsync(
        string? format, string? range, string? metric, string? by, string? from, string? to, [AsParameters] FilterParameters filter, HttpContext context, AnalyticsReader analytics, CancellationToken cancellationToken)
    {
        var isCsv = format == "csv";
        var windows = (await analytics.ReadAsync(new AnalyticsQuestion(range ?? "", metric ?? "events", by ?? "all") { Filter = filter.Filter }.Between(from, to), cancellationToken)).Windows;
        context.Response.ContentType = isCsv ? "text/csv; charset=utf-8" : "application/json; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"windows.{(isCsv ? "csv" : "json")}\"";
        await context.Response.WriteAsync(isCsv ? ToCsv(windows) : ToJson(windows), cancellationToken);
    }

    /// <summary>The dimensions of a <see cref="CrossFilter"/>, as they stand in addresses.</summary>
    internal readonly record struct FilterParameters(
        [FromQuery(Name = "event_type")] string? EventType, [FromQuery(Name = "nationality")] string? Nationality, [FromQuery(Name = "gender")] string? Gender, [FromQuery(Name = "age_band")] string? AgeBand)
    {
        public CrossFilter Filter => new(EventType.OrNull(), Nationality.OrNull(), Gender.OrNull(), AgeBand.OrNull());

    }

    private static string ToCsv(IEnumerable<WindowResult> windows)
    {
        var text = new StringBuilder("window_start,metric,dimension,value,count,mean,min,max,is_final\r\n");
        foreach (var w in windows)
        {
            var a = w.Aggregate;
            text.Append(CultureInfo.InvariantCulture, $"{Csv.Time(w.WindowStart)},{Csv.Field(w.Metric)},{Csv.Field(w.Dimension)},{Csv.Field(w.Value)},{a.Count},{a.Sum / a.Count},{a.Min},{a.Max},{(w.IsFinal ? "true" : "false")}\r\n");
        }

        return text.ToString();
    }

    private static string ToJson(IEnumerable<WindowResult> windows) => JsonSerializer.Serialize(windows.Select(w => new
    {
        window_start = Csv.Time(w.WindowStart),
        metric = w.Metric,
        dimension = w.Dimension,
        value = w.Value,
        count = w.Aggregate.Count,
        mean = w.Aggregate.Count == 0 ? (double?)null : w.Aggregate.Sum / w.Aggregate.Count,
        is_final = w.IsFinal,
    }));
}
