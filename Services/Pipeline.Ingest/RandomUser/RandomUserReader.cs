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
                response.Error = Text(ref reader, numbers: true, out _) ?? "(no text)";
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
                ReadUser(ref reader, user);
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

    private static void ReadUser(ref Utf8JsonReader reader, SourceUser user)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("gender"u8))
            {
                user.Gender = Text(ref reader, user, Field.Gender, "gender");
            }
            else if (reader.ValueTextEquals("name"u8))
            {
                ReadName(ref reader, user);
            }
            else if (reader.ValueTextEquals("location"u8))
            {
                ReadLocation(ref reader, user);
            }
            else if (reader.ValueTextEquals("email"u8))
            {
                user.Email = Text(ref reader, user, Field.Email, "email");
            }
            else if (reader.ValueTextEquals("login"u8))
            {
                ReadLogin(ref reader, user);
            }
            else if (reader.ValueTextEquals("dob"u8))
            {
                ReadDob(ref reader, user);
            }
            else if (reader.ValueTextEquals("phone"u8))
            {
                user.Phone = Text(ref reader, user, Field.Phone, "phone", numbers: true);
            }
            else if (reader.ValueTextEquals("picture"u8))
            {
                ReadPicture(ref reader, user);
            }
            else if (reader.ValueTextEquals("nat"u8))
            {
                user.Nationality = Text(ref reader, user, Field.Nationality, "nat");
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void ReadName(ref Utf8JsonReader reader, SourceUser user)
    {
        if (!EntersObject(ref reader, user, Field.FirstName, "name"))
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("first"u8))
            {
                user.FirstName = Text(ref reader, user, Field.FirstName, "name.first");
            }
            else if (reader.ValueTextEquals("last"u8))
            {
                user.LastName = Text(ref reader, user, Field.LastName, "name.last");
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void ReadLocation(ref Utf8JsonReader reader, SourceUser user)
    {
        if (!EntersObject(ref reader, user, Field.Address, "location"))
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("street"u8))
            {
                ReadStreet(ref reader, user);
            }
            else if (reader.ValueTextEquals("city"u8))
            {
                user.City = Text(ref reader, user, Field.Address, "location.city");
            }
            else if (reader.ValueTextEquals("state"u8))
            {
                user.State = Text(ref reader, user, Field.Address, "location.state");
            }
            else if (reader.ValueTextEquals("country"u8))
            {
                user.Country = Text(ref reader, user, Field.Address, "location.country");
            }
            else if (reader.ValueTextEquals("postcode"u8))
            {
                user.Postcode = Text(ref reader, user, Field.Address, "location.postcode", numbers: true);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void ReadStreet(ref Utf8JsonReader reader, SourceUser user)
    {
        if (!EntersObject(ref reader, user, Field.Address, "location.street"))
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("number"u8))
            {
                user.StreetNumber = Text(ref reader, user, Field.Address, "location.street.number", numbers: true);
            }
            else if (reader.ValueTextEquals("name"u8))
            {
                user.StreetName = Text(ref reader, user, Field.Address, "location.street.name");
            }
            else
            {
                reader.Skip();
            }
        }
    }

    /// <summary>Of the login, the uuid is the only thing that is looked at.</summary>
    private static void ReadLogin(ref Utf8JsonReader reader, SourceUser user)
    {
        if (!EntersObject(ref reader, user, Field.UserId, "login"))
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("uuid"u8))
            {
                user.Uuid = Text(ref reader, user, Field.UserId, "login.uuid");
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void ReadDob(ref Utf8JsonReader reader, SourceUser user)
    {
        if (!EntersObject(ref reader, user, Field.Dob, "dob"))
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("date"u8))
            {
                user.DateOfBirth = Text(ref reader, user, Field.Dob, "dob.date");
            }
            else if (reader.ValueTextEquals("age"u8))
            {
                reader.Read();
                user.Age = Number(ref reader, out var valid);
                Note(user, valid, Field.Age, "dob.age");
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void ReadPicture(ref Utf8JsonReader reader, SourceUser user)
    {
        if (!EntersObject(ref reader, user, Field.Picture, "picture"))
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("large"u8))
            {
                user.Picture = Text(ref reader, user, Field.Picture, "picture.large");
            }
            else
            {
                reader.Skip();
            }
        }
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
                info.Seed = Text(ref reader, numbers: true, out _);
            }
            else if (reader.ValueTextEquals("page"u8))
            {
                reader.Read();
                info.Page = Number(ref reader, out _);
            }
            else if (reader.ValueTextEquals("results"u8))
            {
                reader.Read();
                info.Results = Number(ref reader, out _);
            }
            else if (reader.ValueTextEquals("version"u8))
            {
                info.Version = Text(ref reader, numbers: true, out _);
            }
            else
            {
                reader.Skip();
            }
        }

        return info;
    }

    /// <summary>Steps into the object of a property; null is as good as absent, another type is a fault of this user.</summary>
    private static bool EntersObject(ref Utf8JsonReader reader, SourceUser user, Field field, string path)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return true;
        }

        Note(user, reader.TokenType == JsonTokenType.Null, field, path);
        reader.Skip();
        return false;
    }

    private static string? Text(ref Utf8JsonReader reader, SourceUser user, Field field, string path, bool numbers = false)
    {
        var text = Text(ref reader, numbers, out var reason);
        if (reason != ReasonCode.None)
        {
            user.Fault ??= new SourceFault(reason, field, path);
        }

        return text;
    }

    private static string? Text(ref Utf8JsonReader reader, bool numbers, out ReasonCode reason)
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

    private static int? Number(ref Utf8JsonReader reader, out bool valid)
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

    private static void Note(SourceUser user, bool valid, Field field, string path)
    {
        if (!valid)
        {
            user.Fault ??= new SourceFault(ReasonCode.WrongType, field, path);
        }
    }
}
