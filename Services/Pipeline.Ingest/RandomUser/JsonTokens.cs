using System.Text.Json;
using Pipeline.Contracts;

namespace Pipeline.Ingest.RandomUser;

/// <summary>Values of a JSON text that may be of another type than hoped for.</summary>
internal static class JsonTokens
{
    public static string? Text(ref Utf8JsonReader reader, bool numbers, out ReasonCode reason)
    {
        reader.Read();
        reason = ReasonCode.None;
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.Number when numbers:
                return System.Text.Encoding.ASCII.GetString(reader.ValueSpan);
            case JsonTokenType.String:
                try
                {
                    return reader.GetString();
                }
                catch (InvalidOperationException)
                {
                    // Half of a surrogate pair, or bytes that are not UTF-8: JSON by its grammar, but no text.
                    reason = ReasonCode.BadFormat;
                    return null;
                }

            default:
                reason = ReasonCode.WrongType;
                reader.Skip();
                return null;
        }
    }

    public static int? Number(ref Utf8JsonReader reader, out bool valid)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number))
        {
            valid = true;
            return number;
        }

        valid = reader.TokenType == JsonTokenType.Null;
        reader.Skip();
        return null;
    }
}
