using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Storage.Diagnostics;

namespace Pipeline.Storage;

/// <summary>Applies the retention at an interval. What fails now is tried again next time: nothing depends on it but space.</summary>
internal sealed class RetentionService(IResultStore store, IOptions<StorageOptions> options, TimeProvider time, ILogger<RetentionService> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = options.Value.RetentionInterval;
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var removed = await store.ApplyRetentionAsync(stoppingToken);
                if (removed > 0)
                {
                    Log.RetentionApplied(logger, removed);
                }
            }
            catch (StorageException e)
            {
                Log.RetentionFailed(logger, interval, e.Message);
            }
        }
    }
}
