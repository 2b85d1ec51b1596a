using System.Net;
using Pipeline.Simulator;

namespace Pipeline.Standalone;

/// <summary>
/// The RandomUser simulator on a loopback port of its own, when no other address of the API is set. A listener apart, because
/// the pipeline shall meet it over HTTP like the genuine service, at a path that it also uses itself (<c>/api</c>).
/// </summary>
internal sealed class EmbeddedSimulator : IAsyncDisposable
{
    private const string BaseUrl = "Ingest:BaseUrl";
    private readonly WebApplication? _app;

    private EmbeddedSimulator(WebApplication? app) => _app = app;

    public bool IsRunning => _app is not null;

    /// <summary>Starts it beside the caller, unless the setting <c>Ingest:BaseUrl</c> of the pipeline names another address.</summary>
    public static Task<EmbeddedSimulator> StartUnlessNamedAsync(IConfiguration pipeline, HostSettings settings)
        => string.IsNullOrWhiteSpace(pipeline[BaseUrl]) ? Task.Run(() => StartAsync(settings)) : Task.FromResult(new EmbeddedSimulator(null));

    /// <summary>Makes it the API that the pipeline fetches from, if it runs.</summary>
    public void SetUrl(IConfiguration pipeline)
    {
        if (_app is not null)
        {
            pipeline[BaseUrl] = $"{_app.Urls.First()}/api/1.4/";
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }

    private static async Task<EmbeddedSimulator> StartAsync(HostSettings settings)
    {
        var builder = PipelineApplication.CreateBuilder(settings, out _);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.AddFilter("Microsoft", LogLevel.Error);
        builder.AddSimulator();
        var app = builder.Build();
        app.MapSimulator();
        await app.StartAsync();
        return new EmbeddedSimulator(app);
    }
}
