using System.Net;
using Pipeline.Simulator;

namespace Pipeline.Standalone;

/// <summary>
/// The RandomUser simulator on a loopback port of its own, when no other address of the API is set. A listener apart, because
/// the pipeline shall meet it over HTTP like the genuine service, at a path that it also uses itself (<c>/api</c>).
/// </summary>
internal sealed class EmbeddedSimulator : IAsyncDisposable
{
    private readonly WebApplication? _app;

    private EmbeddedSimulator(WebApplication? app) => _app = app;

    public bool IsRunning => _app is not null;

    /// <summary>Starts it unless <c>Ingest:BaseUrl</c> names another address, and sets that to its own.</summary>
    public static async Task<EmbeddedSimulator> StartUnlessNamedAsync(WebApplicationBuilder pipeline, HostSettings settings)
    {
        const string BaseUrl = "Ingest:BaseUrl";
        if (!string.IsNullOrWhiteSpace(pipeline.Configuration[BaseUrl]))
        {
            return new EmbeddedSimulator(null);
        }

        var builder = PipelineApplication.CreateBuilder(settings, out _);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.AddFilter("Microsoft", LogLevel.Error);
        builder.AddSimulator();
        var app = builder.Build();
        app.MapSimulator();
        await app.StartAsync();
        pipeline.Configuration[BaseUrl] = $"{app.Urls.First()}/api/1.4/";
        return new EmbeddedSimulator(app);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }
}
