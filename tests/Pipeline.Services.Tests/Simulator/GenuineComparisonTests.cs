using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Simulator.People;

namespace Pipeline.Services.Tests.Simulator;

/// <summary>Our answers beside those of the genuine service: shape, types, formats and ranges, never the people.</summary>
public sealed partial class GenuineComparisonTests
{
    private static readonly Lazy<JsonElement[]> GenuinePeople = new(() =>
        [.. Shapes.Genuine("users-seed-pipeline-page-1").People(), .. Shapes.Genuine("users-seed-pipeline-page-2").People()]);

    private static readonly Lazy<ILookup<string, JsonElement>> GenuineByNationality = new(() => GenuinePeople.Value.ToLookup(Shapes.Nat));

    private static readonly ConcurrentDictionary<string, Task<JsonElement[]>> Ours = new();

    public static TheoryData<string> Nationalities => [.. new NationalityCatalog().All.Select(nationality => nationality.Code)];

    [Theory]
    [MemberData(nameof(Nationalities))]
    public async Task Person_OfEachNationality_HasGenuineKeysOrderAndTypes(string nationality)
    {
        var genuine = GenuineByNationality.Value[nationality].Select(Shapes.Of).Distinct().Order();
        var ours = (await OursAsync(nationality)).Select(Shapes.Of).Distinct().Order();
        Assert.Equal(genuine, ours);
    }

    [Theory]
    [MemberData(nameof(Nationalities))]
    public async Task Person_OfEachNationality_HasGenuineNumberFormats(string nationality)
    {
        var ours = await OursAsync(nationality);
        foreach (var path in (string[])["phone", "cell", "id.name", "id.value", "location.postcode", "nat", "location.country", "dob.date", "login.uuid", "login.sha1"])
        {
            // Hashes and UUIDs mix letters and digits freely: their length and character set is their format.
            string Format(JsonElement person) => path.StartsWith("login", StringComparison.Ordinal)
                ? HexDigit().Replace(person.Text(path), "x")
                : path is "nat" or "id.name" or "location.country" ? person.Text(path) : Shapes.Classes(person.Text(path));
            var genuine = GenuineByNationality.Value[nationality].Select(Format).Distinct().Order();
            Assert.Equal(genuine, ours.Select(Format).Distinct().Order());
        }
    }

    [Theory]
    [MemberData(nameof(Nationalities))]
    public async Task Person_OfEachNationality_HasTitlesOfItsGender(string nationality)
    {
        static string Title(JsonElement person) => $"{person.Text("gender")} {person.Text("name.title")}";
        var genuine = GenuineByNationality.Value[nationality].Select(Title).Distinct().Order();
        Assert.Equal(genuine, (await OursAsync(nationality)).Select(Title).Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Nationalities))]
    public async Task Person_OfEachNationality_IsNamedInTheGenuineScript(string nationality)
    {
        static string Script(JsonElement person)
        {
            var letters = $"{person.Text("name.first")}{person.Text("name.last")}".Where(char.IsLetter).ToArray();
            return letters.Any(c => c is >= '\u0600' and <= '\u06FF') ? "Arabic" : letters.Any(c => c > 0x24F) ? "other" : "Latin";
        }

        var genuine = GenuineByNationality.Value[nationality].Select(Script).Distinct().Order();
        Assert.Equal(genuine, (await OursAsync(nationality)).Select(Script).Distinct().Order());
    }

    [Fact]
    public async Task Page_OfFiveThousand_HasGenuineRanges()
    {
        await using var host = await SimulatorHost.StartAsync();
        var ours = (await host.GetJsonAsync("/api/?results=5000&seed=ranges")).People().ToArray();

        // Genuine values lie in [min, max] of their generator; a page of 5,000 comes within 1 % of both ends.
        foreach (var path in (string[])["dob.date", "registered.date"])
        {
            var (genuineMin, genuineMax) = Bounds(GenuinePeople.Value, path);
            var (min, max) = Bounds(ours, path);
            var tolerance = (genuineMax - genuineMin) / 100;
            Assert.InRange(min, genuineMin - tolerance, genuineMin + tolerance);
            Assert.InRange(max, genuineMax - tolerance, genuineMax + tolerance);
        }

        Assert.Equal(
            GenuinePeople.Value.Select(person => person.Text("location.timezone.offset")).Distinct().Order(),
            ours.Select(person => person.Text("location.timezone.offset")).Distinct().Order());
        Assert.All(ours, person => Assert.InRange(person.At("location.street.number").GetInt32(), 1, 9_999));
        Assert.All(ours, person => Assert.InRange(double.Parse(person.Text("location.coordinates.latitude"), System.Globalization.CultureInfo.InvariantCulture), -90, 90));
        Assert.All(ours, person => Assert.InRange(double.Parse(person.Text("location.coordinates.longitude"), System.Globalization.CultureInfo.InvariantCulture), -180, 180));
    }

    [Fact]
    public async Task Page_OfFiveThousand_HasAllNationalitiesAndGendersEqually()
    {
        await using var host = await SimulatorHost.StartAsync();
        var ours = (await host.GetJsonAsync("/api/?results=5000&seed=shares")).People().ToArray();
        var shares = ours.CountBy(Shapes.Nat).ToDictionary();
        Assert.Equal(21, shares.Count);
        Assert.All(shares.Values, count => Assert.InRange(count, 5000 / 21 * 0.75, 5000 / 21 * 1.25));
        Assert.InRange(ours.Count(person => person.Text("gender") == "female"), 2_300, 2_700);
    }

    [Fact]
    public void Transliteration_OfGenuineNames_GivesGenuineEmails()
    {
        Assert.All(
            [.. GenuinePeople.Value, .. Shapes.Genuine("users-nonlatin").People()],
            person => Assert.Equal(
                person.Text("email"),
                $"{Transliteration.ToEmailPart(person.Text("name.first"))}.{Transliteration.ToEmailPart(person.Text("name.last"))}@example.com"));
    }

    [Theory]
    [InlineData("users-missing-fields", "/api/?results=20&seed=pipeline&exc=login,email,dob")]
    [InlineData("users-noinfo", "/api/?results=20&seed=pipeline&noinfo")]
    [InlineData("users-lego", "/api/?results=50&seed=pipeline&nat=lego")]
    public async Task Response_WithParameters_HasGenuineEnvelope(string file, string url)
    {
        await using var host = await SimulatorHost.StartAsync();
        var genuine = Shapes.Genuine(file);
        var ours = await host.GetJsonAsync(url);
        Assert.Equal(Shapes.Of(genuine), Shapes.Of(ours));
        Assert.Equal(genuine.TryGetProperty("info", out var info) ? info.GetRawText() : "", ours.TryGetProperty("info", out info) ? info.GetRawText() : "");
        Assert.Equal(genuine.People().First().EnumerateObject().Select(field => field.Name), ours.People().First().EnumerateObject().Select(field => field.Name));
    }

    private static (DateTime Min, DateTime Max) Bounds(JsonElement[] people, string path)
        => (people.Min(person => person.At(path).GetDateTime()), people.Max(person => person.At(path).GetDateTime()));

    private static Task<JsonElement[]> OursAsync(string nationality) => Ours.GetOrAdd(nationality, FetchAsync);

    private static async Task<JsonElement[]> FetchAsync(string nationality)
    {
        await using var host = await SimulatorHost.StartAsync();
        return [.. (await host.GetJsonAsync($"/api/?results=600&seed=formats&nat={nationality}")).People()];
    }

    [GeneratedRegex("[0-9a-f]")]
    private static partial Regex HexDigit();
}
