using System.Text.Json;
using Pipeline.Contracts;

namespace Pipeline.Ingest.RandomUser;

/// <summary>
/// Reads a body of the API token by token and takes only what <see cref="SourceUser"/> has a place for; everything else is
/// stepped over, unread. A user with a wrong type inside is kept with the fault; JSON that is broken as such is an error.
/// </summary>
internal static class RandomUserReader
{
    /// <exception cref="RandomUserException">The body is not JSON, is cut off, or is not an object.</exception>
    public static RandomUserResponse Read(ReadOnlySpan<byte> body, int page)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 32 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw new RandomUserException("The API answered with JSON that is not an object; is this the RandomUser API?");
            }

            var response = ReadRoot(ref reader, page);
            while (reader.Read())
            {
                // Reading on finds what follows the object, and objects to it.
            }

            return response;
        }
        catch (JsonException)
        {
            // The reader's own message quotes the body; its position says enough.
            var what = body.IsEmpty ? "an empty body" : IsCutOff(body) ? "JSON that is cut off" : "something that is not JSON";
            throw new RandomUserException($"The API answered with {what} ({body.Length} bytes, fault near byte {reader.BytesConsumed}).");
        }
    }

    /// <summary>Whether all there is is right, and only the rest is missing.</summary>
    private static bool IsCutOff(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, isFinalBlock: false, default);
        try
        {
            while (reader.Read())
            {
                // Up to where more would be needed.
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static RandomUserResponse ReadRoot(ref Utf8JsonReader reader, int page)
    {
        var response = new RandomUserResponse();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("results"u8))
            {
                response.Users = ReadUsers(ref reader, page);
            }
            else if (reader.ValueTextEquals("info"u8))
            {
                response.Info = ReadInfo(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                response.Error = JsonTokens.Text(ref reader, numbers: true, out _) ?? "(no text)";
            }
            else
            {
                reader.Skip();
            }
        }

        return response;
    }

    private static List<SourceUser>? ReadUsers(ref Utf8JsonReader reader, int page)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return null;
        }

        var users = new List<SourceUser>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var user = new SourceUser { Page = page, Index = users.Count };
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                SourceUserReader.Read(ref reader, user);
            }
            else
            {
                user.Fault = new SourceFault(ReasonCode.NotAnObject, Field.None, "results[]");
                reader.Skip();
            }

            users.Add(user);
        }

        return users;
    }

    private static ResponseInfo? ReadInfo(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        var info = new ResponseInfo();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("seed"u8))
            {
                info.Seed = JsonTokens.Text(ref reader, numbers: true, out _);
            }
            else if (reader.ValueTextEquals("page"u8))
            {
                reader.Read();
                info.Page = JsonTokens.Number(ref reader, out _);
            }
            else if (reader.ValueTextEquals("results"u8))
            {
                reader.Read();
                info.Results = JsonTokens.Number(ref reader, out _);
            }
            else if (reader.ValueTextEquals("version"u8))
            {
                info.Version = JsonTokens.Text(ref reader, numbers: true, out _);
            }
            else
            {
                reader.Skip();
            }
        }

        return info;
    }
}
