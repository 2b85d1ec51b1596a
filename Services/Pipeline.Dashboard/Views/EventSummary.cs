using System.Text.Json;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>One line that tells a person which event it is.</summary>
internal static class EventSummary
{
    private static readonly string[] Names = ["first_name", "last_name"];
    private static readonly string[] Activity = ["page", "device", "detail"];

    /// <param name="withNames">Whether a person's name may be part of it.</param>
    public static string Of(StoredEvent e, bool withNames)
    {
        try
        {
            using var document = JsonDocument.Parse(e.Data);
            return withNames && Join(document.RootElement, Names, " ") is { Length: > 0 } name ? name : Join(document.RootElement, Activity, " · ");
        }
        catch (JsonException)
        {
            // Another wire format; the position leads to the record.
            return "";
        }
    }

    private static string Join(JsonElement data, string[] fields, string separator) => string.Join(separator, fields
        .Select(field => data.ValueKind == JsonValueKind.Object && data.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null)
        .Where(text => !string.IsNullOrEmpty(text)));
}
