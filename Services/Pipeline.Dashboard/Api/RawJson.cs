using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Dashboard.Api;

/// <summary>JSON that is passed on as it was stored, without parsing it into objects and writing it again.</summary>
[JsonConverter(typeof(Converter))]
internal readonly record struct RawJson(ReadOnlyMemory<byte> Utf8)
{
    public static RawJson From(string json) => new(Encoding.UTF8.GetBytes(json));

    private bool IsValid()
    {
        try
        {
            var reader = new Utf8JsonReader(Utf8.Span);
            while (reader.Read())
            {
            }

            return reader.BytesConsumed == Utf8.Length && Utf8.Length > 0;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    internal sealed class Converter : JsonConverter<RawJson>
    {
        public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            return From(document.RootElement.GetRawText());
        }

        // What is not JSON is shown as text: an answer that breaks off in the middle would help nobody.
        public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options)
        {
            if (value.IsValid())
            {
                writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
            }
            else
            {
                writer.WriteStringValue(Encoding.UTF8.GetString(value.Utf8.Span));
            }
        }
    }
}
