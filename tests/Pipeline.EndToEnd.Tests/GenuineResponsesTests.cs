using System.IO.Compression;
using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>The genuine service's answers, served on loopback, through the whole pipeline.</summary>
public sealed class GenuineResponsesTests
{
    [Fact]
    public async Task TwoFullPages_ThroughTheDag_EveryPersonIsAccountedFor()
    {
        byte[][] pages = [Read("users-seed-pipeline-page-1"), Read("users-seed-pipeline-page-2")];
        await using var source = await SourceStub.StartAsync((context, _) => SourceStub.JsonAsync(context, pages[int.Parse(context.Request.Query["page"]!) - 1]));
        using var directory = new TempDirectory();
        await using (var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Once(source, users: 10_000, seed: "pipeline")))
        {
            await pipeline.RunInStateAsync("success");
            await pipeline.QuietAsync();
            Assert.Equal(0, await pipeline.StopAsync());
        }

        var people = pages.SelectMany(People).ToList();
        await using var reader = new DataDirectoryReader(directory.FullPath);
        var events = (await reader.EventsAsync()).ToDictionary(e => e.UserId);
        var rejected = await reader.DeadLettersAsync();

        Assert.Equal(10_000, people.Count);
        Assert.Equal(people.Count, events.Count + rejected.Count);
        Assert.All(people.Where(p => events.ContainsKey(p.Id)), p => Same(p, JsonElement.Parse(events[p.Id].Data)));
        Assert.All(people.Where(p => !events.ContainsKey(p.Id)), p => Assert.Contains(rejected, d => d.Message.Length > 0));
        Assert.True(events.Count > 9_900, $"only {events.Count} were stored; rejected for {string.Join(", ", rejected.Take(5).Select(d => d.Message))}");
    }

    [Fact]
    public async Task NonLatinNames_ThroughTheDag_ArriveAsTheyAre()
    {
        var page = Read("users-nonlatin");
        await using var source = await SourceStub.StartAsync((context, _) => SourceStub.JsonAsync(context, page));
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Once(source, users: 500, SeedOf(page)));

        await pipeline.RunInStateAsync("success");
        await pipeline.QuietAsync();

        foreach (var person in People(page).Where((_, i) => i % 10 == 0))
        {
            var items = (await pipeline.GetAsync($"/api/events?user_id={person.Id}")).GetProperty("items");
            Assert.Equal(1, items.GetArrayLength());
            Same(person, items[0].GetProperty("data"));
        }
    }

    [Fact]
    public async Task PeopleWithoutIdentity_ThroughTheDag_AreRefusedWithAReason()
    {
        var page = Read("users-missing-fields");
        var people = JsonElement.Parse(page).GetProperty("results").GetArrayLength();
        await using var source = await SourceStub.StartAsync((context, _) => SourceStub.JsonAsync(context, page));
        using var directory = new TempDirectory();
        await using (var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Once(source, users: people, SeedOf(page))))
        {
            await pipeline.RunInStateAsync("success", "failed");
            await pipeline.QuietAsync();
            Assert.Equal(0, await pipeline.StopAsync());
        }

        await using var reader = new DataDirectoryReader(directory.FullPath);
        Assert.Empty(await reader.EventsAsync());
    }

    private static string[] Once(SourceStub source, int users, string seed) =>
        [$"--Ingest:Seed={seed}", $"--Ingest:BaseUrl={source.BaseUrl}", "--Ingest:Interval=1h", $"--Ingest:UsersPerRun={users}", "--Activity:Enabled=false"];

    private static byte[] Read(string name)
    {
        var folder = SharedData.Require("randomuser");
        var path = Directory.GetFiles(folder, $"{name}*").Order(StringComparer.Ordinal).First();
        using var file = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static string SeedOf(byte[] page) => JsonElement.Parse(page).GetProperty("info").GetProperty("seed").GetString()!;

    private static List<Person> People(byte[] page) =>
    [
        .. JsonElement.Parse(page).GetProperty("results").EnumerateArray().Select(p => new Person(
            p.GetProperty("login").GetProperty("uuid").GetGuid(),
            p.GetProperty("name").GetProperty("first").GetString()!,
            p.GetProperty("name").GetProperty("last").GetString()!,
            p.GetProperty("email").GetString()!,
            p.GetProperty("nat").GetString()!)),
    ];

    private static void Same(Person person, JsonElement data)
    {
        Assert.Equal(
            person,
            new Person(
                data.GetProperty("user_id").GetGuid(),
                data.GetProperty("first_name").GetString()!,
                data.GetProperty("last_name").GetString()!,
                data.GetProperty("email").GetString()!,
                data.GetProperty("nationality").GetString()!));
        Assert.All(ContractModel.Embedded.Forbidden, secret => Assert.False(data.TryGetProperty(secret.Name, out _)));
    }

    private sealed record Person(Guid Id, string First, string Last, string Email, string Nationality);
}
