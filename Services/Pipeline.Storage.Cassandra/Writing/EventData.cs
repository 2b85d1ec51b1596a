using System.Text;
using System.Text.Json;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>An event's value as the seed's map of text.</summary>
internal static class EventData
{
    /// <summary>The fields of a JSON object: text as it is, everything else as JSON, nulls left out. Empty when the value is no JSON object.</summary>
    public static SortedDictionary<string, string> ToMap(ReadOnlySpan<byte> value)
    {
        // Sorted, so that the same event is the same bytes.
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(value);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return map;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    map[name] = reader.GetString()!;
                }
                else if (reader.TokenType != JsonTokenType.Null)
                {
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    map[name] = Encoding.UTF8.GetString(value[start..(int)reader.BytesConsumed]);
                }
            }

            return map;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            map.Clear();
            return map;
        }
    }
}
