using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Dashboard.Status;

/// <summary>Samples the counters once a second, whether anybody looks or not, so that rates are right at the first look.</summary>
internal sealed class StatusSampler(StatusReader status, TimeProvider clock, ILogger<StatusSampler> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), clock);
        var isAvailable = true;
        do
        {
            // The page must not take the pipeline down: whoever owns the log and the store decides what an outage means.
            try
            {
                await status.SampleAsync(stoppingToken);
                if (!isAvailable)
                {
                    isAvailable = true;
                    Log.StatusAvailable(logger);
                }
            }
            catch (Exception e) when (e is StorageException or RecordLogException)
            {
                if (isAvailable)
                {
                    isAvailable = false;
                    Log.StatusUnavailable(logger, e.Message);
                }
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
