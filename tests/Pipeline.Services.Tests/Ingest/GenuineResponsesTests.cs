using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pipeline.Contracts;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Ingest;

/// <summary>Responses of the genuine API, served over loopback, through the DAG.</summary>
public sealed class GenuineResponsesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_TwoFullPages_EveryoneIsAccountedFor_AndNoSecretIsKept()
    {
        var pages = new[] { Load("users-seed-pipeline-page-1.json.gz"), Load("users-seed-pipeline-page-2.json.gz") };
        await using var server = await ServeAsync(context => pages[int.Parse(context.Request.Query["page"]!, System.Globalization.CultureInfo.InvariantCulture) - 1]);
        await using var kit = Kit(server, users: 10_000);

        var run = await kit.RunAsync();

        Assert.Equal("success", run.State);
        var expected = pages.SelectMany(page => JsonDocument.Parse(page).RootElement.GetProperty("results").EnumerateArray()).ToList();
        var records = await kit.ReadAsync(Topics.Users);
        var letters = await kit.ReadAsync(Topics.Users + Topics.DeadLetterSuffix);
        Assert.Equal((10_000, 0), (records.Count, letters.Count));

        // The source's uuids are unique within the two pages, so they name a person here.
        var events = records.Select(record => UserEventJson.Read(record.Value, out var result) ?? throw new InvalidOperationException($"{result}: {record.Text}"))
            .ToDictionary(user => user.UserId);
        Assert.Equal(10_000, events.Values.Select(user => user.EventId).Distinct().Count());
        foreach (var person in expected)
        {
            AssertSame(person, events[person.GetProperty("login").GetProperty("uuid").GetGuid()]);
        }

        await AssertNoSecretAsync(expected, [.. records.Concat(letters).Select(record => record.Value), .. kit.AllFiles(), Encoding.UTF8.GetBytes(kit.Console.Text)]);
    }

    [Fact]
    public async Task Run_NonLatinNames_ArriveAsTheyAre()
    {
        var page = Load("users-nonlatin.json.gz");
        await using var server = await ServeAsync(_ => page);
        await using var kit = Kit(server, users: 500);

        await kit.RunAsync();

        var names = (await kit.ReadAsync(Topics.Users)).Select(record => UserEventJson.Read(record.Value, out _)!).Select(user => $"{user.FirstName} {user.LastName}").Order(StringComparer.Ordinal);
        var expected = JsonDocument.Parse(page).RootElement.GetProperty("results").EnumerateArray()
            .Select(person => $"{person.GetProperty("name").GetProperty("first")} {person.GetProperty("name").GetProperty("last")}").Order(StringComparer.Ordinal);
        Assert.Equal(expected, names);
    }

    [Fact]
    public async Task Run_UsersWithoutIdentity_AreAllRejectedWithTheirReason()
    {
        var page = Load("users-missing-fields.json.gz");
        await using var server = await ServeAsync(_ => page);
        await using var kit = Kit(server, users: 20);

        var run = await kit.RunAsync();

        Assert.Equal("success", run.State);
        Assert.Empty(await kit.ReadAsync(Topics.Users));
        var letters = await kit.ReadAsync(Topics.Users + Topics.DeadLetterSuffix);
        Assert.Equal(20, letters.Count);
        Assert.All(letters, letter => Assert.Equal("missing_field", letter.Headers["pipeline.reason_code"]));
        Assert.Contains("\"missing_field:user_id\":20", run.Result("format_data"), StringComparison.Ordinal);
        await AssertNoSecretAsync([.. JsonDocument.Parse(page).RootElement.GetProperty("results").EnumerateArray()], [.. letters.Select(letter => letter.Value), .. kit.AllFiles()]);
    }

    [Fact]
    public async Task Run_NoInfo_IsNotBelieved()
    {
        var page = Load("users-noinfo.json.gz");
        await using var server = await ServeAsync(_ => page);
        await using var kit = Kit(server, users: 20);

        var run = await kit.RunAsync();

        Assert.Equal("failed", run.State);
        Assert.Contains("has no 'info'", run.Task("get_data").Error, StringComparison.Ordinal);
    }

    private static IngestKit Kit(WebApplication server, int users) => new(
        api: null,
        settings: [("Ingest:BaseUrl", $"{server.Urls.Single()}/api/"), ("Ingest:UsersPerRun", $"{users}"), ("Ingest:Seed", "pipeline")]);

    private static byte[] Load(string file)
    {
        using var gzip = new GZipStream(File.OpenRead(SharedData.Require($"randomuser/{file}")), CompressionMode.Decompress);
        using var body = new MemoryStream();
        gzip.CopyTo(body);
        return body.ToArray();
    }

    private static async Task<WebApplication> ServeAsync(Func<HttpContext, byte[]> body)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/api/", (HttpContext context) => Results.Bytes(body(context), "application/json; charset=utf-8"));
        await app.StartAsync(Cancellation);
        return app;
    }

    private static void AssertSame(JsonElement person, UserEvent user)
    {
        var (name, location, dob) = (person.GetProperty("name"), person.GetProperty("location"), person.GetProperty("dob"));
        Assert.Equal(name.GetProperty("first").GetString(), user.FirstName);
        Assert.Equal(name.GetProperty("last").GetString(), user.LastName);
        Assert.Equal(person.GetProperty("email").GetString(), user.Email);
        Assert.Equal(person.GetProperty("gender").GetString(), user.Gender.WireName());
        Assert.Equal(dob.GetProperty("date").GetDateTimeOffset().ToUnixTimeMilliseconds(), user.DateOfBirth);
        Assert.Equal(dob.GetProperty("age").GetInt32(), user.Age);
        Assert.Equal(person.GetProperty("phone").GetString(), user.Phone);
        Assert.Equal(person.GetProperty("nat").GetString(), user.Nationality);
        Assert.Equal(person.GetProperty("picture").GetProperty("large").GetString(), user.Picture);
        var street = location.GetProperty("street");
        Assert.Equal(
            $"{street.GetProperty("number")} {street.GetProperty("name")}, {location.GetProperty("city")}, {location.GetProperty("state")} {location.GetProperty("postcode")}, {location.GetProperty("country")}",
            user.Address);
    }

    /// <summary>
    /// Looks for every password, salt, hash and national id in all that was kept: as a whole JSON string and as a word of any
    /// text. Passwords are common words, so what also stands in a field that may be kept, or is written by a run of other
    /// people as well (names of fields, words of log lines), is no find; nor are numbers that are as short as a port.
    /// </summary>
    private static async Task AssertNoSecretAsync(List<JsonElement> people, IEnumerable<byte[]> kept)
    {
        await using var others = new IngestKit(StubApi.WithUsers(), settings: ("Ingest:Seed", "pipeline"));
        await others.RunAsync();
        var vocabulary = (await others.ReadAsync(Topics.Users)).Select(record => record.Text).Concat(others.AllFiles().Select(Encoding.UTF8.GetString)).Append(others.Console.Text);

        var all = people.SelectMany(Secrets).ToHashSet(StringComparer.Ordinal);
        var secrets = all.Except(people.SelectMany(Allowed).Concat(vocabulary).SelectMany(Pieces)).Where(secret => secret.Length > 5 || !secret.All(char.IsAsciiDigit)).ToHashSet(StringComparer.Ordinal);
        Assert.True(secrets.Count > 0.8 * all.Count, $"only {secrets.Count} of {all.Count} to look for");

        var found = kept.Select(Encoding.UTF8.GetString).SelectMany(Pieces).Where(secrets.Contains).ToHashSet(StringComparer.Ordinal);

        Assert.Empty(found);
    }

    private static IEnumerable<string> Pieces(string text) => text.Split('"').Concat(Words(text));

    private static string[] Words(string text) => text.Split([' ', '\n', '\0', '"', '\'', ',', ';', ':', '=', '(', ')', '[', ']', '{', '}', '<', '>', '|', '/', '&']);

    private static IEnumerable<string> Secrets(JsonElement person)
    {
        if (person.TryGetProperty("login", out var login))
        {
            foreach (var name in new[] { "password", "salt", "md5", "sha1", "sha256" })
            {
                yield return login.GetProperty(name).GetString()!;
            }
        }

        if (person.GetProperty("id").GetProperty("value") is { ValueKind: JsonValueKind.String } id)
        {
            yield return id.GetString()!;
        }
    }

    private static IEnumerable<string> Allowed(JsonElement person)
    {
        var (name, location) = (person.GetProperty("name"), person.GetProperty("location"));
        yield return person.GetProperty("gender").GetString()!;
        yield return person.GetProperty("picture").GetProperty("large").GetString()!;
        yield return location.GetProperty("street").GetProperty("number").ToString();
        yield return location.GetProperty("country").GetString()!;
        yield return name.GetProperty("first").GetString()!;
        yield return name.GetProperty("last").GetString()!;
        yield return location.GetProperty("street").GetProperty("name").GetString()!;
        yield return location.GetProperty("city").GetString()!;
        yield return location.GetProperty("state").GetString()!;
        yield return location.GetProperty("postcode").ToString();
        yield return person.GetProperty("phone").GetString()!;
        if (person.TryGetProperty("email", out var email))
        {
            yield return email.GetString()!;
        }
    }
}
