using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Contracts;
using Pipeline.Dashboard.Api;
using Pipeline.Processor;
using Pipeline.Processor.Api;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;
using static Pipeline.Services.Tests.Processor.ProcessorHost;

namespace Pipeline.Services.Tests.Processor;

/// <summary>The processor's API over a running processor that writes nothing by itself: what it answers comes from the state.</summary>
public sealed class ProcessorApiTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration["Data:Directory"] = _directory.FullPath;
        builder.Configuration["Data:Durable"] = "false";
        builder.Configuration["Processor:EarlyInterval"] = "01:00:00";
        builder.Services.ConfigureHttpJsonOptions(options => ApiJson.Configure(options.SerializerOptions));
        builder.AddProcessor();
        builder.AddApiSecurity();
        _app = builder.Build();
        _app.MapProcessorApi();
        await _app.StartAsync(Token);
        _http = _app.GetTestClient();
        await Eventually.TrueAsync(() => _app.Services.GetRequiredService<ProcessorWorker>().Worker.Status.Count == 6);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task OpenWindows_EventsJustProcessed_AreThereBeforeAnythingIsWritten()
    {
        await AppendAsync(Topics.Activity, Activity(1, 7, Noon), Activity(2, 7, Noon + 1_000), Activity(3, 8, Noon + 61_000, EventType.Login));

        var minutes = (await GetAsync("/api/windows/open?metric=events&dimension=event_type")).GetProperty("items");
        Assert.Equal([("view", 2), ("login", 1)], minutes.EnumerateArray().Select(w => (w.GetProperty("value").GetString()!, w.GetProperty("count").GetInt32())));

        var rolling = (await GetAsync("/api/windows/open?metric=users&grain=rolling_5m")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(6, rolling.Count);
        Assert.Equal([1, 2, 2, 2, 2, 1], rolling.Select(w => w.GetProperty("distinct").GetInt32()));
        Assert.All(rolling, w => Assert.False(w.GetProperty("is_final").GetBoolean()));
    }

    [Fact]
    public async Task OpenWindows_Answer_SaysAsOfWhichOffsetsItIs()
    {
        await AppendAsync(Topics.Activity, Activity(1, 7, Noon));
        var partitions = (await GetAsync("/api/windows/open")).GetProperty("partitions");
        Assert.Equal(6, partitions.GetArrayLength());
        Assert.Equal(1, partitions.EnumerateArray().Sum(p => p.GetProperty("next_offset").GetInt64()));
    }

    [Fact]
    public async Task OpenSessions_OfOneUser_AreThatUsers()
    {
        await AppendAsync(Topics.Activity, Activity(1, 7, Noon), Activity(2, 7, Noon + 1_000), Activity(3, 8, Noon));
        var user = new Guid(7, 2, 0, new byte[8]);
        var session = Assert.Single((await GetAsync($"/api/sessions/open?user_id={user}")).GetProperty("items").EnumerateArray());
        Assert.Equal(2, session.GetProperty("events").GetInt32());
        Assert.Equal(2, session.GetProperty("event_types").GetProperty("view").GetInt32());
        Assert.False(session.GetProperty("is_closed").GetBoolean());
        Assert.Equal(2, (await GetAsync("/api/sessions/open")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Topology_Running_HasStepsAndTasksWithTheirFigures()
    {
        await AppendAsync(Topics.Activity, Activity(1, 7, Noon));
        var topology = (await GetAsync("/api/topology")).GetProperty("topologies").EnumerateArray().Single(t => t.GetProperty("source").GetString() == Topics.Activity);
        Assert.Equal("parse", topology.GetProperty("steps")[0].GetProperty("name").GetString());
        Assert.Equal(1, topology.GetProperty("steps")[0].GetProperty("records_in").GetInt64());
        var tasks = topology.GetProperty("tasks").EnumerateArray().ToList();
        Assert.Equal(3, tasks.Count);
        Assert.All(tasks, t => Assert.Equal("running", t.GetProperty("state").GetString()));
        Assert.All(tasks, t => Assert.InRange(
            t.GetProperty("busy").GetDouble() + t.GetProperty("idle").GetDouble() + t.GetProperty("back_pressured").GetDouble(), 0.99, 1.01));
    }

    [Fact]
    public async Task Topology_AsTextAndAsDot_IsThePlan()
    {
        var text = await _http.GetStringAsync("/api/topology?format=text", Token);
        Assert.Contains("metrics-minute", text, StringComparison.Ordinal);
        Assert.InRange(text.Split('\n').Max(line => line.Length), 40, 190);
        Assert.Contains("\"parse\" -> \"quality\"", await _http.GetStringAsync("/api/topology?format=dot", Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/topology?format=xml")]
    [InlineData("/api/windows/open?grain=year")]
    [InlineData("/api/sessions/open?user_id=7")]
    public async Task Get_WrongParameter_IsABadRequest(string path)
        => Assert.Equal(HttpStatusCode.BadRequest, (await _http.GetAsync(path, Token)).StatusCode);

    private async Task AppendAsync(string topic, params byte[][] values)
    {
        var log = _app.Services.GetRequiredService<IRecordLog>();
        await using var writer = log.CreateWriter();
        using var batch = new RecordBatchBuilder();
        foreach (var value in values)
        {
            batch.Add("one-key"u8, value, Noon);
        }

        await writer.AppendAsync(topic, batch, Token);
        await Eventually.TrueAsync(() => _app.Services.GetRequiredService<ProcessorWorker>().Worker.Status.Sum(s => s.Progress.Counters.Consumed) == values.Length);
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var document = JsonDocument.Parse(await _http.GetStringAsync(path, Token));
        return document.RootElement.Clone();
    }
}
