using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Simulator.Api;
using Pipeline.Simulator.People;

namespace Pipeline.Simulator.Formats;

/// <summary>A person as the API's JSON: key order and types as the genuine service writes them.</summary>
internal static class PersonJson
{
    // Names stay readable: only what JSON itself forbids is escaped, as JSON.stringify does.
    public static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static readonly JsonWriterOptions Pretty = Compact with { Indented = true, IndentSize = 2, NewLine = "\n" };

    private const string PortraitBase = "https://randomuser.me/api/portraits/";

    public static void Write(Utf8JsonWriter json, Person person, PersonFields fields, DateTime today)
    {
        json.WriteStartObject();
        if (Has(fields, PersonFields.Gender))
        {
            json.WriteString("gender"u8, person.IsFemale ? "female"u8 : "male"u8);
        }

        if (Has(fields, PersonFields.Name))
        {
            json.WriteStartObject("name"u8);
            json.WriteString("title"u8, person.Title);
            json.WriteString("first"u8, person.First.Text);
            json.WriteString("last"u8, person.Last.Text);
            json.WriteEndObject();
        }

        if (Has(fields, PersonFields.Location))
        {
            WriteLocation(json, person);
        }

        if (Has(fields, PersonFields.Email))
        {
            json.WriteString("email"u8, $"{person.First.EmailPart}.{person.Last.EmailPart}@example.com");
        }

        if (Has(fields, PersonFields.Login))
        {
            WriteLogin(json, person);
        }

        if (Has(fields, PersonFields.Dob))
        {
            WriteDate(json, "dob"u8, person.DateOfBirth, today);
        }

        if (Has(fields, PersonFields.Registered))
        {
            WriteDate(json, "registered"u8, person.Registered, today);
        }

        if (Has(fields, PersonFields.Phone))
        {
            json.WriteString("phone"u8, person.Phone);
        }

        if (Has(fields, PersonFields.Cell))
        {
            json.WriteString("cell"u8, person.Cell);
        }

        if (Has(fields, PersonFields.Id))
        {
            json.WriteStartObject("id"u8);
            json.WriteString("name"u8, person.Nationality.Id.Name);
            json.WriteString("value"u8, person.IdValue);
            json.WriteEndObject();
        }

        if (Has(fields, PersonFields.Picture))
        {
            WritePicture(json, person);
        }

        if (Has(fields, PersonFields.Nat))
        {
            json.WriteString("nat"u8, person.Nationality.Code);
        }

        json.WriteEndObject();
    }

    /// <summary>Whole years from <paramref name="date"/> to <paramref name="today"/>; a birthday on 29 February counts from the 28th in other years.</summary>
    public static int FullYears(DateTime date, DateTime today)
    {
        var years = today.Year - date.Year;
        return date.AddYears(years) > today ? years - 1 : years;
    }

    private static bool Has(PersonFields fields, PersonFields field) => (fields & field) != 0;

    private static void WriteLocation(Utf8JsonWriter json, Person person)
    {
        json.WriteStartObject("location"u8);
        json.WriteStartObject("street"u8);
        json.WriteNumber("number"u8, person.StreetNumber);
        json.WriteString("name"u8, person.Street);
        json.WriteEndObject();
        json.WriteString("city"u8, person.City);
        json.WriteString("state"u8, person.State);
        if (person.Nationality.Country is { } country)
        {
            json.WriteString("country"u8, country);
        }

        if (person.PostcodeText is { } postcode)
        {
            json.WriteString("postcode"u8, postcode);
        }
        else
        {
            json.WriteNumber("postcode"u8, person.PostcodeNumber);
        }

        json.WriteStartObject("coordinates"u8);
        json.WriteString("latitude"u8, person.Latitude);
        json.WriteString("longitude"u8, person.Longitude);
        json.WriteEndObject();
        json.WriteStartObject("timezone"u8);
        json.WriteString("offset"u8, person.TimeZone.Offset);
        json.WriteString("description"u8, person.TimeZone.Description);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLogin(Utf8JsonWriter json, Person person)
    {
        json.WriteStartObject("login"u8);
        json.WriteString("uuid"u8, person.Uuid);
        json.WriteString("username"u8, person.Username);
        json.WriteString("password"u8, person.Password);
        json.WriteString("salt"u8, person.Salt);

        Span<byte> salted = stackalloc byte[128];
        var length = Encoding.UTF8.GetBytes(person.Password, salted);
        salted = salted[..(length + Encoding.UTF8.GetBytes(person.Salt, salted[length..]))];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];

        // MD5 and SHA-1 are part of the API's answer; nothing is protected with them.
#pragma warning disable CA5350, CA5351
        WriteHex(json, "md5"u8, hash[..MD5.HashData(salted, hash)]);
        WriteHex(json, "sha1"u8, hash[..SHA1.HashData(salted, hash)]);
#pragma warning restore CA5350, CA5351
        WriteHex(json, "sha256"u8, hash[..SHA256.HashData(salted, hash)]);
        json.WriteEndObject();
    }

    private static void WriteHex(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> hash)
    {
        Span<char> hex = stackalloc char[SHA256.HashSizeInBytes * 2];
        _ = Convert.TryToHexStringLower(hash, hex, out var length);
        json.WriteString(name, hex[..length]);
    }

    private static void WriteDate(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTime date, DateTime today)
    {
        Span<char> text = stackalloc char[24];
        _ = date.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        json.WriteStartObject(name);
        json.WriteString("date"u8, text[..length]);
        json.WriteNumber("age"u8, FullYears(date, today));
        json.WriteEndObject();
    }

    private static void WritePicture(Utf8JsonWriter json, Person person)
    {
        var folder = person.Nationality.Country is null ? "lego" : person.IsFemale ? "women" : "men";
        json.WriteStartObject("picture"u8);
        json.WriteString("large"u8, $"{PortraitBase}{folder}/{person.Portrait}.jpg");
        json.WriteString("medium"u8, $"{PortraitBase}med/{folder}/{person.Portrait}.jpg");
        json.WriteString("thumbnail"u8, $"{PortraitBase}thumb/{folder}/{person.Portrait}.jpg");
        json.WriteEndObject();
    }
}
