using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>Backfills of the real DAG on the real program: what they append, and that a kill in the middle loses and doubles nothing.</summary>
public sealed class BackfillTests
{
    private const int UsersPerRun = 3;
    private const string Backfills = "/api/v2/backfills";

    private static readonly string[] Settings = [$"--Ingest:UsersPerRun={UsersPerRun}", "--Activity:Enabled=false"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Backfill_OfIntervalsThatTheScheduleRan_AppendsTheSameEvents()
    {
        using var original = new TempDirectory();
        using var other = new TempDirectory();
        string[] settings = [.. Settings, "--Ingest:Interval=1s"];
        JsonElement[] scheduled = [];
        await using (var pipeline = await PipelineProcess.StartAsync(original.FullPath, settings))
        {
            await Eventually.TrueAsync(
                async () => (scheduled = [.. (await pipeline.RunsAsync()).Where(run => Text(run, "run_type") == "scheduled" && Text(run, "state") == "success")]).Length >= 4,
                TimeSpan.FromMinutes(1));
            Assert.Equal(0, await pipeline.StopAsync());
        }

        var (from, to) = (scheduled.Min(LogicalDate), scheduled.Max(LogicalDate));
        await using (var pipeline = await PipelineProcess.StartAsync(other.FullPath, settings))
        {
            // A database of its own: the runs are other runs, with other ids.
            var done = await BackfillAsync(pipeline, from, to, "none");
            Assert.Equal(0, done.GetProperty("failed").GetInt32());
            Assert.Equal(0, await pipeline.StopAsync());
        }

        await using (var pipeline = await PipelineProcess.StartAsync(original.FullPath, settings))
        {
            // The same runs once more, over what they have appended already.
            var done = await BackfillAsync(pipeline, from, to, "completed");
            Assert.True(done.GetProperty("success").GetInt32() >= scheduled.Length, done.ToString());
            Assert.Equal(0, await pipeline.StopAsync());
        }

        var wanted = scheduled.Select(run => Text(run, "run_id")).ToHashSet(StringComparer.Ordinal);
        var first = await ReadEventsAsync(original.FullPath);
        var originals = first.Where(e => wanted.Contains(e.RunId)).ToList();
        var backfilled = (await ReadEventsAsync(other.FullPath)).Where(e => e.RunId.StartsWith("backfill__", StringComparison.Ordinal)).ToList();
        var times = originals.Select(e => e.Time).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(scheduled.Length * UsersPerRun, originals.Select(e => e.EventId).Distinct().Count());
        Assert.Equal(
            originals.Select(e => (e.EventId, e.UserId, e.Time)).ToHashSet(),
            backfilled.Where(e => times.Contains(e.Time)).Select(e => (e.EventId, e.UserId, e.Time)).ToHashSet());
        Assert.All(originals.CountBy(e => e.EventId), e => Assert.True(e.Value >= 2, $"{e.Key} was appended once: it was not run again"));
    }

    [Fact]
    public async Task Backfill_OfThirtyDaysByTheHour_IsPlannedPausedKilledResumedAndCancelled()
    {
        using var directory = new TempDirectory();
        string[] settings = [.. Settings, "--Ingest:Interval=1h"];
        var from = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var body = Body(from, from.AddDays(30).AddHours(-1), "none");
        long id;
        await using (var pipeline = await PipelineProcess.StartAsync(directory.FullPath, settings))
        {
            var plan = await SendAsync(pipeline, HttpMethod.Post, $"{Backfills}/dry_run", body);
            Assert.Equal(720, plan.GetProperty("total_entries").GetInt32());
            Assert.DoesNotContain(await RunsAsync(pipeline), run => Text(run, "run_type") == "backfill");

            id = (await SendAsync(pipeline, HttpMethod.Post, Backfills, body)).GetProperty("id").GetInt64();
            await UntilAsync(pipeline, id, progress => progress.Success >= 5);

            await SendAsync(pipeline, HttpMethod.Put, $"{Backfills}/{id}/pause");
            await UntilAsync(pipeline, id, progress => progress.Running == 0);
            var paused = await ProgressAsync(pipeline, id);
            Assert.True(paused is { Queued: > 0, Failed: 0, Total: 720 }, paused.ToString());
            await pipeline.KillAsync();
        }

        await using (var pipeline = await PipelineProcess.StartAsync(directory.FullPath, settings))
        {
            // A pause outlives the process.
            var before = await ProgressAsync(pipeline, id);
            Assert.True((await pipeline.GetAsync($"{Backfills}/{id}")).GetProperty("is_paused").GetBoolean());
            await SendAsync(pipeline, HttpMethod.Put, $"{Backfills}/{id}/unpause");
            await UntilAsync(pipeline, id, progress => progress.Success >= before.Success + 5 && progress.Running > 0);
            await pipeline.KillAsync();
        }

        await using (var pipeline = await PipelineProcess.StartAsync(directory.FullPath, settings))
        {
            var before = await ProgressAsync(pipeline, id);
            await UntilAsync(pipeline, id, progress => progress.Success >= before.Success + 5);
            await SendAsync(pipeline, HttpMethod.Put, $"{Backfills}/{id}/cancel");
            await pipeline.QuietAsync();

            var runs = (await RunsAsync(pipeline)).Where(run => Text(run, "run_type") == "backfill").ToList();
            Assert.All(runs, run => Assert.Contains(Text(run, "state"), (string[])["success", "failed"]));
            Assert.NotEqual(JsonValueKind.Null, (await pipeline.GetAsync($"{Backfills}/{id}")).GetProperty("completed_at").ValueKind);
            Assert.Equal(0, await pipeline.StopAsync());

            // A run that succeeded appended its users, however often it was begun; one that was never begun appended none.
            var events = (await ReadEventsAsync(directory.FullPath)).Where(e => e.RunId.StartsWith("backfill__", StringComparison.Ordinal)).ToLookup(e => e.RunId, e => e.EventId);
            var succeeded = runs.Where(run => Text(run, "state") == "success").Select(run => Text(run, "dag_run_id")).ToList();
            Assert.True(succeeded.Count is >= 15 and < 720, $"{succeeded.Count} runs succeeded");
            Assert.All(succeeded, runId => Assert.Equal(UsersPerRun, events[runId].Distinct().Count()));
            Assert.Equal(succeeded.Order(StringComparer.Ordinal), events.Select(run => run.Key).Order(StringComparer.Ordinal));
        }
    }

    private static async Task<JsonElement> BackfillAsync(PipelineProcess pipeline, DateTimeOffset from, DateTimeOffset to, string reprocess)
    {
        var id = (await SendAsync(pipeline, HttpMethod.Post, Backfills, Body(from, to, reprocess))).GetProperty("id").GetInt64();
        JsonElement done = default;
        await Eventually.TrueAsync(
            async () => (done = await pipeline.GetAsync($"/api/backfills/{id}")) is var now && now.GetProperty("queued").GetInt32() + now.GetProperty("running").GetInt32() == 0,
            TimeSpan.FromMinutes(1));
        return done;
    }

    private static object Body(DateTimeOffset from, DateTimeOffset to, string reprocess)
        => new { dag_id = "kafka_stream", from_date = from, to_date = to, reprocess_behavior = reprocess, max_active_runs = 4 };

    private static async Task UntilAsync(PipelineProcess pipeline, long id, Func<Progress, bool> isReached)
        => await Eventually.TrueAsync(async () => isReached(await ProgressAsync(pipeline, id)), TimeSpan.FromMinutes(1));

    private static async Task<Progress> ProgressAsync(PipelineProcess pipeline, long id)
    {
        var progress = await pipeline.GetAsync($"/api/backfills/{id}");
        int Number(string name) => progress.GetProperty(name).GetInt32();
        return new Progress(Number("total"), Number("queued"), Number("running"), Number("success"), Number("failed"));
    }

    private static async Task<JsonElement[]> RunsAsync(PipelineProcess pipeline)
        => [.. (await pipeline.GetAsync("/api/v2/dags/kafka_stream/dagRuns?limit=1000")).GetProperty("dag_runs").EnumerateArray()];

    private static async Task<JsonElement> SendAsync(PipelineProcess pipeline, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await pipeline.Http.SendAsync(request, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path} answered {(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    private static async Task<IReadOnlyList<Appended>> ReadEventsAsync(string directory)
    {
        await using var reader = new DataDirectoryReader(directory);
        return [.. (await reader.ReadTopicAsync("users_topic")).Select(record => JsonElement.Parse(record.Value))
            .Select(json => new Appended(Text(json, "event_id"), Text(json, "user_id"), Text(json, "event_time"), Text(json, "run_id")))];
    }

    private static DateTimeOffset LogicalDate(JsonElement run) => run.GetProperty("logical_date").GetDateTimeOffset();

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private sealed record Progress(int Total, int Queued, int Running, int Success, int Failed);

    private sealed record Appended(string EventId, string UserId, string Time, string RunId);
}
