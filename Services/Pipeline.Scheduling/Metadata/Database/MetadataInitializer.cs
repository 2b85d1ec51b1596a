using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;

namespace Pipeline.Scheduling.Metadata;

/// <summary>
/// Prepares the metadata database before anything of the host asks it, also in a process that only looks. Waits for its server, because services start together.
/// </summary>
internal sealed class MetadataInitializer(MetadataDatabase database, TimeProvider time, ILogger<MetadataInitializer> logger) : IHostedLifecycleService
{
    /// <summary>How long a start waits before it gives up, as for the other servers.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await database.MigrateAsync(cancellationToken);
                return;
            }
            catch (MetadataStoreException e) when (e.IsUnreachable && time.GetElapsedTime(started) < Limit)
            {
                logger.MetadataUnavailable(e.Message, Pause.TotalSeconds);
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
