using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Contracts;

namespace Pipeline.Simulator.Activity;

/// <summary>The malformed value of a record.</summary>
internal static class PoisonValue
{
    public static byte[] Of(ActivityEvent activity, PoisonKind poison)
    {
        var value = ActivityEventJson.ToBytes(activity);
        return poison switch
        {
            PoisonKind.TruncatedJson => value[..(value.Length * 2 / 3)],
            PoisonKind.WrongEncoding => Encoding.Latin1.GetBytes(Edit(value, json => json["detail"] = "Größe überschritten").ToJsonString(Relaxed)),
            PoisonKind.MissingUser => Bytes(Edit(value, json => json.Remove("user_id"))),
            PoisonKind.AnonymousUser => Bytes(Edit(value, json => json["user_id"] = "anonymous")),
            PoisonKind.NumericTime => Bytes(Edit(value, json => json["event_time"] = activity.EventTime)),
            PoisonKind.LocalTime => Bytes(Edit(value, json => json["event_time"] = LocalTime(activity.EventTime))),
            PoisonKind.NullTime => Bytes(Edit(value, json => json["event_time"] = null)),
            PoisonKind.UnknownType => Bytes(Edit(value, json => json["event_type"] = "purchase")),
            PoisonKind.Array => [(byte)'[', .. value, (byte)']'],
            PoisonKind.Html => "<html><body><h1>502 Bad Gateway</h1></body></html>"u8.ToArray(),
            PoisonKind.Empty => [],
            PoisonKind.UnknownVersion => Bytes(Edit(value, json => json["schema_version"] = 99)),
            _ => value,
        };
    }

    private static System.Text.Json.JsonSerializerOptions Relaxed { get; } = new() { Encoder = EventJsonWriter.Options.Encoder };

    private static JsonObject Edit(byte[] value, Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(value)!.AsObject();
        edit(json);
        return json;
    }

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString(Relaxed));

    private static string LocalTime(long time)
        => DateTimeOffset.FromUnixTimeMilliseconds(time).ToString("MM/dd/yyyy HH:mm:ss", CultureInfo.InvariantCulture);
}
