using System.IO.Compression;
using System.Text.Json;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Simulator;

/// <summary>What can be compared between the people of the genuine service and ours.</summary>
internal static class Shapes
{
    public static JsonElement Genuine(string name)
    {
        using var file = File.OpenRead(SharedData.Require($"randomuser/{name}.json.gz"));
        using var gzip = new GZipStream(file, CompressionMode.Decompress);
        using var document = JsonDocument.Parse(gzip);
        return document.RootElement.Clone();
    }

    /// <summary>Every path of an object with its JSON type, in document order.</summary>
    public static string Of(JsonElement element)
    {
        var lines = new List<string>();
        Walk(element, "", lines);
        return string.Join('\n', lines);
    }

    public static string Nat(this JsonElement person) => person.GetProperty("nat").GetString()!;

    public static JsonElement At(this JsonElement element, string path)
        => path.Split('.').Aggregate(element, (at, name) => at.GetProperty(name));

    public static string Text(this JsonElement element, string path) => element.At(path).ToString();

    public static IEnumerable<JsonElement> People(this JsonElement page) => page.GetProperty("results").EnumerateArray();

    /// <summary>A text by its classes of characters: digits are 9, Latin letters A and a; the rest stays.</summary>
    public static string Classes(string text)
        => string.Concat(text.Select(c => char.IsAsciiDigit(c) ? '9' : char.IsAsciiLetterUpper(c) ? 'A' : char.IsAsciiLetterLower(c) ? 'a' : c));

    private static void Walk(JsonElement element, string path, List<string> lines)
    {
        foreach (var property in element.EnumerateObject())
        {
            lines.Add($"{path}{property.Name}: {property.Value.ValueKind}");
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                Walk(property.Value, $"{path}{property.Name}.", lines);
            }
        }
    }
}
