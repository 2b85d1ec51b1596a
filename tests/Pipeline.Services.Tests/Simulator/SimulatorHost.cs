using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Simulator;

namespace Pipeline.Services.Tests.Simulator;

/// <summary>The simulator in this process, on its own settings and clock.</summary>
internal sealed class SimulatorHost : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private readonly WebApplication _app;

    private SimulatorHost(WebApplication app, FakeTimeProvider time)
    {
        _app = app;
        Time = time;
        Client = app.GetTestClient();
    }

    public FakeTimeProvider Time { get; }

    public HttpClient Client { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<SimulatorHost> StartAsync(string prefix = "", params (string Key, string Value)[] settings)
    {
        var time = new FakeTimeProvider(Now);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.AddSimulator();
        var app = builder.Build();
        app.MapSimulator(prefix);
        await app.StartAsync(Cancel);
        return new SimulatorHost(app, time);
    }

    public static Task<SimulatorHost> StartWithFaultsAsync(params (string Key, string Value)[] settings)
        => StartAsync("", [("Simulator:Faults:AllowSwitches", "true"), .. settings]);

    public Task<HttpResponseMessage> GetAsync(string url) => Client.GetAsync(url, Cancel);

    public Task<string> GetTextAsync(string url) => Client.GetStringAsync(url, Cancel);

    public async Task<JsonElement> GetJsonAsync(string url) => JsonElement.Parse(await GetTextAsync(url));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
