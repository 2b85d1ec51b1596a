using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

public sealed class LiveDataTests
{
    private static readonly string[] Fast =
        ["--Ingest:Interval=1s", "--Ingest:UsersPerRun=50", "--Activity:EventsPerSecond=100", "--Activity:MedianGap=200ms", "--Activity:UserRefresh=500ms", "--Activity:PoisonRate=0.05"];

    private static readonly string[] Quiet = ["--Ingest:Interval=366d", "--Activity:Enabled=false"];

    [Fact]
    public async Task Start_OnAnEmptyDirectory_GivesLiveDataOfBothTopics()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Fast);

        await Eventually.TrueAsync(async () => (await pipeline.GetAsync("/api/events?limit=1")).GetProperty("items").GetArrayLength() == 1);
        await Eventually.TrueAsync(async () => (await pipeline.GetAsync("/api/windows?dimension=event_type")).GetProperty("items").EnumerateArray()
            .Select(w => w.GetProperty("value").GetString()).ToHashSet().IsSupersetOf(["profile", "login"]));
        await Eventually.TrueAsync(async () => (await pipeline.GetAsync("/api/dead-letters")).GetProperty("items").GetArrayLength() > 0);
        await Eventually.TrueAsync(async () => (await pipeline.GetAsync("/api/quality")).GetProperty("items").GetArrayLength() > 0);
        await Eventually.TrueAsync(async () => (await pipeline.GetAsync("/api/runs")).GetProperty("items").EnumerateArray().Any(r => r.GetProperty("state").GetString() == "success"));

        Assert.Equal(0, await pipeline.StopAsync());
        Assert.Equal("", pipeline.Errors);
    }

    [Fact]
    public async Task Quiet_AllThatWasConsumed_IsAccountedForInEveryAnswer()
    {
        using var directory = new TempDirectory();
        await using (var busy = await PipelineProcess.StartAsync(directory.FullPath, Fast))
        {
            await Eventually.TrueAsync(async () => (await busy.StatusAsync()) is { Stored: > 200, DeadLettered: > 0 });
            Assert.Equal(0, await busy.StopAsync());
        }

        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Quiet);
        var status = await pipeline.QuietAsync();

        Assert.Equal(status.Consumed, status.Stored + status.DeadLettered + status.Late + status.Duplicate);
        Assert.Equal(status.Stored, await CountAsync(pipeline, "/api/events"));
        Assert.Equal(status.DeadLettered, await CountAsync(pipeline, "/api/dead-letters"));
        Assert.Equal(status.Late, await CountAsync(pipeline, "/api/late"));

        // Open windows are written about once a second, later than the events that they count.
        await Eventually.TrueAsync(async () => await SumAsync(pipeline, "/api/windows?metric=events&dimension=all&grain=minute") == status.Stored);
        await Eventually.TrueAsync(async () => await SumAsync(pipeline, "/api/windows?metric=events&dimension=event_type&grain=hour") == status.Stored);
    }

    [Fact]
    public async Task Event_PostedFromOutside_CanBeReadBack()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Quiet);
        var user = Guid.NewGuid();

        using var response = await pipeline.Http.PostAsJsonAsync(
            "/api/events",
            new[] { new { user_id = user, event_type = "login", event_time = "2026-05-01T12:00:00Z", page = "/home" } },
            TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        await Eventually.TrueAsync(async () => (await pipeline.GetAsync($"/api/events?user_id={user}")).GetProperty("items").GetArrayLength() == 1);
        var item = (await pipeline.GetAsync($"/api/events?user_id={user}")).GetProperty("items")[0];
        Assert.Equal("2026-05-01T12:00:00Z", item.GetProperty("event_time").GetString());
        Assert.Equal("/home", item.GetProperty("data").GetProperty("page").GetString());
        Assert.Equal(
            item.GetProperty("event_id").GetString(),
            (await pipeline.GetAsync($"/api/events/{item.GetProperty("event_id").GetString()}")).GetProperty("event_id").GetString());
    }

    [Fact]
    public async Task Endpoints_Operational_Answer()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Quiet);

        Assert.Equal("healthy", (await pipeline.GetAsync("/health")).GetProperty("status").GetString());
        Assert.Equal("healthy", (await pipeline.GetAsync("/alive")).GetProperty("status").GetString());
        Assert.Contains("pipeline_consumer_lag", await pipeline.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("Pipeline</title>", await pipeline.Http.GetStringAsync("/", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.True((await pipeline.GetAsync("/openapi/v1.json")).GetProperty("paths").TryGetProperty("/api/events", out var events));
        Assert.True(events.TryGetProperty("post", out _));
    }

    [Fact]
    public async Task Post_ThatIsNotJson_IsAProblem()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Quiet);

        using var response = await pipeline.Http.PostAsync("/api/events", new StringContent("{", Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Status_Command_ShowsTheRunningInstanceAndThenItsData()
    {
        using var directory = new TempDirectory();
        Status expected;
        await using (var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Quiet))
        {
            await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Stored > 0);
            expected = await pipeline.QuietAsync();
            var live = await PipelineProcess.RunAsync(["status", "--json", "--data", directory.FullPath]);
            Assert.Equal(expected, Status.From(JsonElement.Parse(live.Output)));
            Assert.Equal(0, await pipeline.StopAsync());
        }

        var stored = await PipelineProcess.RunAsync(["status", "--json", "--data", directory.FullPath]);
        Assert.Equal(0, stored.ExitCode);
        Assert.Equal(expected, Status.From(JsonElement.Parse(stored.Output)));
    }

    private static async Task<long> CountAsync(PipelineProcess pipeline, string path) => (await AllAsync(pipeline, path)).Count;

    private static async Task<long> SumAsync(PipelineProcess pipeline, string path) => (await AllAsync(pipeline, path)).Sum(w => w.GetProperty("count").GetInt64());

    private static async Task<List<JsonElement>> AllAsync(PipelineProcess pipeline, string path)
    {
        var items = new List<JsonElement>();
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        string? cursor = null;
        do
        {
            // A small page, so that the paging is walked too.
            var page = await pipeline.GetAsync($"{path}{separator}limit=97{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            items.AddRange(page.GetProperty("items").EnumerateArray());
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        return items;
    }
}
