using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.EndToEnd.Kit;

/// <summary>
/// An event read with the framework's document model and a few obvious rules: slow, and independent of the pipeline's own decoder. It
/// knows what our generators make, valid or poisoned, not every subtlety of the contract.
/// </summary>
internal sealed partial record PlainEvent(Guid EventId, Guid UserId, string Type, long Time, string Gender, string Nationality, int? Age)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private static readonly JsonDocumentOptions Json = new() { AllowDuplicateProperties = false, MaxDepth = 16 };
    private static readonly string[] ActivityTypes = ["login", "view", "update", "logout", "error"];

    /// <summary>The event, or null when the value is none.</summary>
    public static PlainEvent? Read(string topic, byte[] value)
    {
        try
        {
            using var document = JsonDocument.Parse(Strict.GetString(value), Json);
            var json = document.RootElement;
            var isUser = topic == "users_topic";
            var type = Text(json, "event_type");
            Require(isUser ? type == "profile" : ActivityTypes.Contains(type));
            Require(json.GetProperty("schema_version").GetInt32() == 1 && Text(json, "source").Length > 0);
            var plain = new PlainEvent(
                Guid.ParseExact(Text(json, "event_id"), "D"),
                Guid.ParseExact(Text(json, "user_id"), "D"),
                type,
                ReadTime(Text(json, "event_time")),
                isUser ? Text(json, "gender") : "unknown",
                isUser ? Text(json, "nationality") : "unknown",
                isUser && json.TryGetProperty("age", out var age) && age.ValueKind != JsonValueKind.Null ? age.GetInt32() : null);
            Require(!isUser || (Text(json, "first_name").Length > 0 && Text(json, "last_name").Length > 0 && Text(json, "email").Contains('@', StringComparison.Ordinal)));
            return plain;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");

    private static long ReadTime(string text)
    {
        Require(IsoWithOffset().IsMatch(text));
        return DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new FormatException("a rule of the contract is broken");
        }
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")]
    private static partial Regex IsoWithOffset();
}
