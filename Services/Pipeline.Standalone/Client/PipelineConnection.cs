using Pipeline.Ingest;
using Pipeline.Scheduling;
using Pipeline.Sqlite;

namespace Pipeline.Standalone.Client;

/// <summary>
/// The API for a command: of the instance that <c>--url</c> names, of the one that runs on the data directory, or, when none does, of
/// this process for as long as the command takes, over the same metadata database.
/// </summary>
internal sealed class PipelineConnection : IAsyncDisposable
{
    private readonly WebApplication? _own;
    private readonly IDisposable? _directory;

    private PipelineConnection(PipelineClient client, WebApplication? own = null, IDisposable? directory = null)
    {
        Client = client;
        _own = own;
        _directory = directory;
    }

    public PipelineClient Client { get; }

    /// <summary>Whether nobody runs what is queued, until an instance starts.</summary>
    public bool IsOffline => _own is not null;

    /// <exception cref="DataDirectoryException">The directory is in use by an instance that does not listen (yet).</exception>
    public static async Task<PipelineConnection> OpenAsync(HostSettings settings, CancellationToken cancellationToken)
    {
        var builder = PipelineApplication.CreateBuilder(settings, out var errors);
        var token = PipelineClient.TokenOf(settings, builder.Configuration);
        if (settings.Url is { } url)
        {
            return new PipelineConnection(new PipelineClient(url, token));
        }

        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.AddFilter("Microsoft", LogLevel.Error);
        PipelineApplication.AddStores(builder);
        builder.AddSchedulingQueries();
        builder.AddIngestDags();
        builder.AddDashboard();
        var app = builder.Build();
        try
        {
            PipelineApplication.Check(app, errors);
            var directory = app.Services.GetRequiredService<DataDirectory>();
            var shared = directory.LockShared();
            try
            {
                app.MapDashboard();
                await app.StartAsync(cancellationToken);
                return new PipelineConnection(new PipelineClient(app.Urls.First(), token), app, shared);
            }
            catch
            {
                shared.Dispose();
                throw;
            }
        }
        catch (DataDirectoryException) when (InstanceFile.Read(app.Services.GetRequiredService<DataDirectory>()) is { } instance)
        {
            // Whoever holds the directory is alive, however slowly it answers.
            await app.DisposeAsync();
            return new PipelineConnection(new PipelineClient(instance.Url, token));
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_own is not null)
        {
            await _own.StopAsync();
            await _own.DisposeAsync();
        }

        _directory?.Dispose();
    }
}
