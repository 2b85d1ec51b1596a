using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Storage.Diagnostics;

namespace Pipeline.Storage;

/// <summary>
/// Brings the store's schema up before anything is served. A fault that nobody but a person can mend stops the start with its
/// sentence; one that may pass (a lock, an outage) is tried again beside the running service, which is unhealthy until then.
/// </summary>
internal sealed class SchemaInitializer(IResultStore store, TimeProvider time, ILogger<SchemaInitializer> logger) : BackgroundService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    /// <summary>Why the store is not ready; null when it is.</summary>
    public string? NotReadyBecause { get; private set; } = "The schema was not checked yet.";

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryInitializeAsync(FirstDelay, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var delay = FirstDelay; NotReadyBecause is not null; delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, LongestDelay.Ticks)))
        {
            await Task.Delay(delay, time, stoppingToken);
            await TryInitializeAsync(delay, stoppingToken);
        }
    }

    private async Task TryInitializeAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await store.InitializeAsync(cancellationToken);
            NotReadyBecause = null;
        }
        catch (StorageException e) when (e.IsTransient)
        {
            NotReadyBecause = e.Message;
            Log.NotReady(logger, delay, e.Message);
        }
    }
}
