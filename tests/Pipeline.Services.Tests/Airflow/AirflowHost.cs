using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Scheduling;
using Pipeline.Services.Tests.Dashboard;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Airflow;

/// <summary>The API over a real scheduler and a real metadata database, with DAGs made for it.</summary>
public sealed class AirflowHost : IAsyncLifetime
{
    public const string Etl = "etl";
    public const string Hourly = "hourly";
    public const string Reader = "reader";

    private readonly TempDirectory _directory = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private WebApplication? _app;

    internal HttpClient Client => _app!.GetTestClient();

    internal WebApplication App => _app!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IRecordLog>(new StubLog());
        builder.Services.AddSingleton<IResultStore>(new StubStore());
        builder.Configuration["Data:Directory"] = _directory.FullPath;
        builder.Configuration["Data:Durable"] = "false";
        builder.AddScheduling();
        builder.AddDag(_ => BuildEtl());
        builder.AddDag(_ => new DagBuilder(Hourly) { Timetable = Timetable.Every(TimeSpan.FromHours(1)), IsPausedUponCreation = true }.Add(new DagTask("only", (_, _) => Task.CompletedTask) { Pool = "missing" }).Build());
        builder.AddDag(_ => new DagBuilder(Reader) { Timetable = Timetable.OnAnyAsset(new Asset("orders")), IsPausedUponCreation = true }.Add(new DagTask("read", (_, _) => Task.CompletedTask)).Build());
        builder.AddDag(_ => new DagBuilder("broken").Add(new DagTask("a", (_, _) => Task.CompletedTask)).Add(new DagTask("b", (_, _) => Task.CompletedTask)).Edge("a", "b").Edge("b", "a").Build());
        builder.AddDag(_ => new DagBuilder(Etl).Add(new DagTask("twin", (_, _) => Task.CompletedTask)).Build());
        builder.AddDag(_ => new DagBuilder("badcron") { Timetable = Timetable.Cron("every tuesday", "UTC") }.Add(new DagTask("a", (_, _) => Task.CompletedTask)).Build());
        builder.AddDashboard();
        _app = builder.Build();
        _app.MapDashboard();
        await _app.StartAsync(Cancellation);
        await Eventually.TrueAsync(async () => (await GetAsync("/api/v2/dags?limit=10")).GetProperty("total_entries").GetInt32() == 3);
    }

    public async ValueTask DisposeAsync()
    {
        await _app!.DisposeAsync();
        _directory.Dispose();
    }

    internal async Task<JsonElement> GetAsync(string path) => await SendAsync(HttpMethod.Get, path, null, HttpStatusCode.OK);

    internal async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await Client.SendAsync(request, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(expected == response.StatusCode, $"{method} {path} answered {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonElement.Parse(text);
    }

    /// <summary>Triggers and waits for the end.</summary>
    internal async Task<JsonElement> RunAsync(object conf)
    {
        var run = await SendAsync(HttpMethod.Post, $"/api/v2/dags/{Etl}/dagRuns", new { conf });
        return await EndAsync(run.GetProperty("dag_run_id").GetString()!);
    }

    internal async Task<JsonElement> EndAsync(string runId)
    {
        JsonElement run = default;
        await Eventually.TrueAsync(async () => (run = await GetAsync($"/api/v2/dags/{Etl}/dagRuns/{Uri.EscapeDataString(runId)}")).GetProperty("state").GetString() is "success" or "failed");
        return run;
    }

    /// <summary>Lets the task <c>transform</c> of a run whose conf names this gate go on.</summary>
    internal void Open(string gate) => Gate(gate).TrySetResult();

    private TaskCompletionSource Gate(string name) => _gates.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private Dag BuildEtl() => new DagBuilder(Etl)
    {
        DisplayName = "Extract and load",
        Description = "for tests",
        Tags = ["tests", "small"],
        Params = [new DagParam("rows", "3", """{"type":"integer","minimum":0}"""), new DagParam("fail", "false"), new DagParam("gate", "\"\"")],
    }
        .Add(new DagTask("extract", (context, _) =>
        {
            context.Logger.LogInformation("extracting {Rows} rows", context.Param<int>("rows"));
            context.Push("return_value", new { rows = context.Param<int>("rows") });
            return Task.CompletedTask;
        }))
        .Add(new DagTask("transform", async (context, cancellationToken) =>
        {
            if (context.Param<string>("gate") is { Length: > 0 } gate)
            {
                context.Logger.LogInformation("waiting at the gate");
                await Gate(gate).Task.WaitAsync(cancellationToken);
                context.Logger.LogInformation("past the gate");
            }
        }))
        .Add(new DagTask("load", (context, _) => context.Param<bool>("fail") ? throw new TaskFailedException("told to fail") : Task.CompletedTask) { Outlets = [new Asset("orders", "file:///orders")] })
        .Chain("extract", "transform", "load")
        .Build();
}
