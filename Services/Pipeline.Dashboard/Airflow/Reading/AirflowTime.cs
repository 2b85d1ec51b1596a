using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Dashboard.Airflow.Reading;

/// <summary>Times on the wire: ISO 8601 with an offset; a time without one is UTC in a query and refused in a body, as in Airflow.</summary>
internal static class AirflowTime
{
    private static readonly string[] Zoned = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mmzzz", "yyyy-MM-dd'T'HH:mm'Z'"];
    private static readonly string[] Local = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd"];

    public static bool TryParse(string text, out DateTimeOffset time) => TryParseZoned(text, out time) || Parse(text, Local, out time);

    public static bool TryParseZoned(string text, out DateTimeOffset time) => Parse(text, Zoned, out time);

    /// <summary>As the API writes it: UTC, with a Z.</summary>
    public static DateTime? Utc(this DateTimeOffset? time) => time?.UtcDateTime;

    private static bool Parse(string text, string[] formats, out DateTimeOffset time)
    {
        // Python writes a blank where ISO has a T.
        var iso = text.Length > 10 && text[10] == ' ' ? string.Concat(text.AsSpan(0, 10), "T", text.AsSpan(11)) : text;
        return DateTimeOffset.TryParseExact(iso, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }
}

internal sealed class ZonedTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => reader.TokenType == JsonTokenType.String && AirflowTime.TryParseZoned(reader.GetString()!, out var time)
            ? time
            : throw new JsonException("It must be an ISO 8601 time with an offset, like 2026-01-31T12:00:00Z.");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value.UtcDateTime);
}
