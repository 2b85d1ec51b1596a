using System.Net.Http.Json;
using System.Text;
using Pipeline.Contracts;
using Pipeline.EndToEnd.Kit;
using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Pages.Tests;

/// <summary>
/// A pipeline with data of every kind, hostile ones among them, in which nothing moves any more: what a page shows can be compared with
/// what the API says and the store holds. Started by the first test that asks; no test may change it.
/// </summary>
public sealed class StillPipeline : IAsyncDisposable
{
    /// <summary>What somebody might send who wants to do harm to whoever looks at it.</summary>
    internal const string Script = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>";

    internal const string HostileRun = "hostile";
    internal const string Rearranged = "abc\u202Egpj.exe";

    /// <summary>A record that breaks the schema, as it stands in the log.</summary>
    internal static readonly byte[] Megabyte = Encoding.UTF8.GetBytes($"{{\"event_type\":\"{new string('W', 1_000_000)}\"}}");

    private static readonly string[] Busy =
        ["--Ingest:Interval=1s", "--Ingest:UsersPerRun=50", "--Activity:EventsPerSecond=100", "--Activity:MedianGap=200ms", "--Activity:UserRefresh=500ms", "--Activity:PoisonRate=0.05"];

    private static readonly string[] Quiet = ["--Ingest:Interval=366d", "--Activity:Enabled=false"];

    private readonly TempDirectory _directory = new();
    private PipelineProcess? _pipeline;

    internal async Task<PipelineProcess> GetAsync() => _pipeline ??= await StartAsync();

    /// <summary>Asks a file of the data directory itself, by the side of the pipeline: <c>results.db</c>, <c>log.db</c>, <c>metadata.db</c>.</summary>
    internal long Query(string file, string sql)
    {
        using var database = SqliteDatabase.Open(_directory.File(file), new SqliteDatabaseOptions { ReadOnly = true });
        return database.QueryInt64(sql);
    }

    /// <summary>Rows of a table of the results.</summary>
    internal long Count(string table) => Query("results.db", $"SELECT COUNT(*) FROM {table}");

    public async ValueTask DisposeAsync()
    {
        if (_pipeline is not null)
        {
            await _pipeline.DisposeAsync();
        }

        _directory.Dispose();
    }

    private async Task<PipelineProcess> StartAsync()
    {
        await using (var busy = await PipelineProcess.StartAsync(_directory.FullPath, Busy))
        {
            await Eventually.TrueAsync(async () => (await busy.StatusAsync()) is { Stored: > 300, DeadLettered: > 3 }, TimeSpan.FromSeconds(60));
            Assert.Equal(0, await busy.StopAsync());
        }

        await AppendHostileRecordsAsync();
        var pipeline = await PipelineProcess.StartAsync(_directory.FullPath, Quiet);

        // The hostile event comes last, so that it is among the latest.
        await pipeline.QuietAsync();
        await PostHostileTextAsync(pipeline);
        await pipeline.QuietAsync();

        // Open windows are written about once a second, later than the events that they count.
        await Eventually.TrueAsync(async () => await InWindowsAsync(pipeline) == Count("user_events"), TimeSpan.FromSeconds(30));
        return pipeline;
    }

    private static async Task<long> InWindowsAsync(PipelineProcess pipeline) =>
        (await pipeline.GetAsync("/api/windows?metric=events&dimension=all&grain=hour&limit=1000")).GetProperty("items").EnumerateArray().Sum(window => window.GetProperty("count").GetInt64());

    /// <summary>An event that is valid and a run that is allowed, with what a field may hold.</summary>
    private static async Task PostHostileTextAsync(PipelineProcess pipeline)
    {
        var token = TestContext.Current.CancellationToken;
        using var posted = await pipeline.Http.PostAsJsonAsync(
            "/api/events", new[] { new { user_id = Guid.NewGuid(), event_type = "view", page = Script, device = Rearranged, detail = "مرحبا بالعالم" } }, token);
        Assert.True(posted.IsSuccessStatusCode, await posted.Content.ReadAsStringAsync(token));
        using var triggered = await pipeline.Http.PostAsJsonAsync(
            "/api/v2/dags/kafka_stream/dagRuns", new { dag_run_id = HostileRun, logical_date = (string?)null, note = Script + Rearranged, conf = new { users = 1, more = Script } }, token);
        Assert.True(triggered.IsSuccessStatusCode, await triggered.Content.ReadAsStringAsync(token));
    }

    private async Task AppendHostileRecordsAsync()
    {
        await using var reader = new DataDirectoryReader(_directory.FullPath);
        await using var writer = reader.Log.CreateWriter();
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        using var records = new Streaming.RecordBatchBuilder();
        records.Add(Encoding.UTF8.GetBytes(Script), Encoding.UTF8.GetBytes($$"""{"event_type":"{{Script}}","detail":"{{Rearranged}}"}"""), now);
        records.Add("bytes"u8, [.. "{\"event_type\":\""u8, 0xC3, 0x28, 0x00, 0x1B, .. "\"}"u8], now);
        records.Add("long"u8, Megabyte, now);
        await writer.AppendAsync(Topics.Activity, records, TestContext.Current.CancellationToken);
    }
}
