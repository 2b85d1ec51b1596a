using System.Text.Json;
using Pipeline.Contracts;

namespace Pipeline.Ingest.RandomUser;

/// <summary>Reads one user of a body; the reader stands on the start of its object.</summary>
internal static class SourceUserReader
{
    public static void Read(ref Utf8JsonReader reader, SourceUser user)
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
                user.Age = JsonTokens.Number(ref reader, out var valid);
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
        var text = JsonTokens.Text(ref reader, numbers, out var reason);
        if (reason != ReasonCode.None)
        {
            user.Fault ??= new SourceFault(reason, field, path);
        }

        return text;
    }

    private static void Note(SourceUser user, bool valid, Field field, string path)
    {
        if (!valid)
        {
            user.Fault ??= new SourceFault(ReasonCode.WrongType, field, path);
        }
    }
}
