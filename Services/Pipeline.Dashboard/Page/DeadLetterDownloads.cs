using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Dashboard.Api;
using Pipeline.Dashboard.Views;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Page;

/// <summary>Dead letters as files: the original bytes of one, or all of a range.</summary>
internal static class DeadLetterDownloads
{
    private const int StorePage = 500;
    private const string CsvHeader = "topic,partition,offset,reason_code,rule_id,message,error_offset,ingested_at,failed_at,key_base64,value_base64\r\n";

    public static void MapDeadLetterDownloads(this IEndpointRouteBuilder app)
    {
        app.MapGet("/dead-letters/original", OriginalAsync);
        app.MapGet("/dead-letters/export", ExportAsync);
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> OriginalAsync(string? at, DeadLettersReader letters, CancellationToken cancellationToken)
    {
        var detail = DeadLetterPlace.TryParse(at, out var place)
            ? await letters.FindAsync(place.Topic, place.Partition, place.Offset, place.IngestedAt, cancellationToken)
            : null;
        return detail is null
            ? ApiProblem.NotFound("There is no such dead letter.")
            : TypedResults.Bytes(detail.Entry.Value, "application/octet-stream", $"{place.Topic}-{place.Partition}-{place.Offset}.bin");
    }

    // Page by page: a million of them need no more memory than a few.
    private static async Task ExportAsync(
        string? format, string? range, string? reason, string? rule, HttpContext context, IResultStore store, TimeProvider clock, CancellationToken cancellationToken)
    {
        var isCsv = format == "csv";
        var response = context.Response;
        response.ContentType = isCsv ? "text/csv; charset=utf-8" : "application/x-ndjson";
        response.Headers.ContentDisposition = $"attachment; filename=\"dead-letters.{(isCsv ? "csv" : "ndjson")}\"";
        if (isCsv)
        {
            await response.WriteAsync(CsvHeader, cancellationToken);
        }

        var query = new DeadLetterQuery
        {
            From = TimeRange.Parse(range, "24h").From(clock.GetUtcNow()),
            ReasonCode = reason.OrNull(),
            RuleId = rule.OrNull(),
            Limit = StorePage,
        };
        do
        {
            var page = await store.QueryDeadLettersAsync(query, cancellationToken);
            var text = new StringBuilder();
            foreach (var entry in page.Items)
            {
                text.Append(isCsv ? CsvLine(entry) : JsonSerializer.Serialize(DeadLettersApi.ToItem(entry), JsonLine) + "\n");
            }

            await response.WriteAsync(text.ToString(), cancellationToken);
            query = query with { Cursor = page.Cursor };
        }
        while (query.Cursor is not null);
    }

    private static JsonSerializerOptions JsonLine { get; } = CreateJsonLine();

    private static JsonSerializerOptions CreateJsonLine()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ApiJson.Configure(options);
        options.WriteIndented = false;
        return options;
    }

    private static string CsvLine(DeadLetterEntry e) => string.Join(',',
        Csv.Field(e.Topic),
        e.Partition.ToString(CultureInfo.InvariantCulture),
        e.Offset.ToString(CultureInfo.InvariantCulture),
        Csv.Field(e.ReasonCode),
        Csv.Field(e.RuleId),
        Csv.Field(e.Message),
        e.ErrorOffset < 0 ? "" : e.ErrorOffset.ToString(CultureInfo.InvariantCulture),
        Csv.Time(e.IngestedAt),
        Csv.Time(e.FailedAt),
        Convert.ToBase64String(e.Key),
        Convert.ToBase64String(e.Value)) + "\r\n";
}
