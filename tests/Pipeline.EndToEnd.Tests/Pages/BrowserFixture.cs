using System.Net.Http.Json;
using System.Text;
using Microsoft.Playwright;
using Pipeline.Contracts;
using Pipeline.EndToEnd.Tests.Kit;
using Pipeline.EndToEnd.Tests.Pages;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

[assembly: AssemblyFixture(typeof(BrowserFixture))]

namespace Pipeline.EndToEnd.Tests.Pages;

/// <summary>
/// A real Chromium and a real pipeline with data of every kind, hostile ones among them, in which nothing moves any more: what a page
/// shows can be compared with what the API says. Both are started by the first test that asks.
/// </summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    /// <summary>What somebody might send who wants to do harm to whoever looks at it.</summary>
    internal const string Script = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>";
    /// <summary>How long a page may take before a test gives up, milliseconds: a net below a machine with much else to do.</summary>
    internal const int Limit = 60_000;

    internal const string HostileRun = "hostile";
    internal const string Rearranged = "abc\u202Egpj.exe";

    private static readonly string[] Busy =
        ["--Ingest:Interval=1s", "--Ingest:UsersPerRun=50", "--Activity:EventsPerSecond=100", "--Activity:MedianGap=200ms", "--Activity:UserRefresh=500ms", "--Activity:PoisonRate=0.05"];

    private static readonly string[] Quiet = ["--Ingest:Interval=366d", "--Activity:Enabled=false"];

    private readonly TempDirectory _directory = new();
    private readonly SemaphoreSlim _gate = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private IBrowserContext? _shared;
    private PipelineProcess? _pipeline;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    internal async Task<PipelineProcess> PipelineAsync()
    {
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return _pipeline ??= await StartPipelineAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// A page in the browser that all tests share; with <paramref name="isNew"/> in one that has seen nothing before and that nobody else gets
    /// cookies of. Skips where there is no Chromium, fails where CI said that there is.
    /// </summary>
    internal async Task<BrowserPage> OpenAsync(int width = 1440, int height = 900, ColorScheme scheme = ColorScheme.Light, bool isNew = false)
    {
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            _browser ??= await LaunchAsync();
            _shared ??= await _browser.NewContextAsync();
        }
        finally
        {
            _gate.Release();
        }

        // A context of its own costs a window of its own, which is most of what a test of a page takes.
        var context = isNew ? await _browser.NewContextAsync() : _shared;
        context.SetDefaultTimeout(Limit);
        var page = await BrowserPage.NewAsync(context, isNew);
        await page.Page.SetViewportSizeAsync(width, height);
        await page.Page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_pipeline is not null)
        {
            await _pipeline.DisposeAsync();
        }

        _directory.Dispose();
        _gate.Dispose();
    }

    private static string? FindChromium()
        => new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    private async Task<IBrowser> LaunchAsync()
    {
        if (FindChromium() is not { } chromium)
        {
            var demanded = (Environment.GetEnvironmentVariable("PIPELINE_REQUIRE_SERVERS") ?? "").Split(',', StringSplitOptions.TrimEntries).Contains("chromium");
            Assert.False(demanded, "chromium is not installed");
            Assert.Skip("needs Chromium: install the package chromium");
            throw new InvalidOperationException();
        }

        _playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(Limit);
        return await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium,
            Args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });
    }

    private async Task<PipelineProcess> StartPipelineAsync()
    {
        await using (var busy = await PipelineProcess.StartAsync(_directory.FullPath, Busy))
        {
            await Eventually.TrueAsync(async () => (await busy.StatusAsync()) is { Stored: > 300, DeadLettered: > 3 }, TimeSpan.FromSeconds(60));
            Assert.Equal(0, await busy.StopAsync());
        }

        await AppendHostileRecordsAsync();
        var pipeline = await PipelineProcess.StartAsync(_directory.FullPath, Quiet);
        await PostHostileTextAsync(pipeline);
        await pipeline.QuietAsync();
        return pipeline;
    }

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
        records.Add("long"u8, Encoding.UTF8.GetBytes($"{{\"event_type\":\"{new string('W', 1_000_000)}\"}}"), now);
        await writer.AppendAsync(Topics.Activity, records, TestContext.Current.CancellationToken);
    }
}
