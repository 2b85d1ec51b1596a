using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Dashboard.Status;
using Pipeline.Dashboard.Views;
using Pipeline.Scheduling;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;
using Pipeline.Testing.Circuits;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>The dashboard alone, over a stub log and a stub store, in memory. Tests that leave nothing behind but what <see cref="Reset"/> removes share one.</summary>
public class DashboardHost : IAsyncLifetime
{
    private readonly string[] _settings;
    private readonly TempDirectory _directory = new();
    private WebApplication? _app;

    public DashboardHost()
        : this([])
    {
    }

    /// <param name="settings">Names and values in turn.</param>
    protected DashboardHost(params string[] settings)
    {
        _settings = settings;
    }

    internal static DateTimeOffset Now { get; } = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    internal StubLog RecordLog { get; } = new();

    internal StubStore Store { get; } = new();

    internal FakeTimeProvider Clock { get; } = new(Now);

    internal OverviewReader Overviews => _app!.Services.GetRequiredService<OverviewReader>();

    internal DagOperations Operations => _app!.Services.GetRequiredService<DagOperations>();

    internal HttpClient Client => _app!.GetTestClient();

    /// <summary>Pages that somebody has open and connected.</summary>
    internal int Viewers => _app!.Services.GetRequiredService<PageInstruments>().Viewers;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IRecordLog>(RecordLog);
        builder.Services.AddSingleton<IResultStore>(Store);
        builder.Services.AddSingleton<TimeProvider>(Clock);
        builder.Configuration["Data:Directory"] = _directory.FullPath;
        foreach (var setting in _settings.Chunk(2))
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

    /// <summary>Opens a page as a browser does, as far as the server can tell.</summary>
    internal async Task<CircuitViewer> ViewAsync(string path)
    {
        var token = TestContext.Current.CancellationToken;
        var viewer = new CircuitViewer(_app!.GetTestServer().BaseAddress, path, (address, cancellationToken) => _app!.GetTestServer().CreateWebSocketClient().ConnectAsync(address, cancellationToken));
        await viewer.ConnectAsync(Client, token);
        return viewer;
    }

    /// <summary>What tests put into the log and the store is removed.</summary>
    internal void Reset()
    {
        RecordLog.Reset();
        Store.Reset();
    }
}
