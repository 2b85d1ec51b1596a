using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Scheduling;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>The dashboard alone, over a stub log and a stub store, in memory.</summary>
public abstract class DashboardFixture(params string[] settings) : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private WebApplication? _app;

    internal static DateTimeOffset Now { get; } = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    internal StubLog RecordLog { get; } = new();

    internal StubStore Store { get; } = new();

    internal FakeTimeProvider Clock { get; } = new(Now);

    internal DagOperations Operations => _app!.Services.GetRequiredService<DagOperations>();

    internal HttpClient Client => _app!.GetTestClient();

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IRecordLog>(RecordLog);
        builder.Services.AddSingleton<IResultStore>(Store);
        builder.Services.AddSingleton<TimeProvider>(Clock);
        builder.Configuration["Data:Directory"] = _directory.FullPath;
        foreach (var setting in settings.Chunk(2))
        {
            builder.Configuration[setting[0]] = setting[1];
        }

        builder.AddSchedulingQueries();
        builder.AddDag(_ => new DagBuilder("kafka_stream").Add(new DagTask("get_data", (_, _) => Task.CompletedTask)).Build());
        builder.AddDashboard();
        _app = builder.Build();
        _app.MapDashboard();
        await _app.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _app!.DisposeAsync();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    internal async Task<JsonElement> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await Client.GetAsync(path, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == response.StatusCode, $"{path} answered {(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    internal async Task<JsonElement> GetProblemAsync(string path, HttpStatusCode expected)
    {
        using var response = await Client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((int)expected, problem.GetProperty("status").GetInt32());
        return problem;
    }
}
