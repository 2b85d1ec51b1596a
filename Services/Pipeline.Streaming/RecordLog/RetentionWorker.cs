using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Pipeline.Streaming.RecordLog;

/// <summary>Removes old records at intervals. Several processes may do so on one log; each finds less to do.</summary>
internal sealed class RetentionWorker(IRecordLog log, IOptions<RecordLogOptions> options, TimeProvider time, ILogger<RetentionWorker> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.RetentionInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var removed = await log.ApplyRetentionAsync(stoppingToken);
                if (removed > 0)
                {
                    Log.RetentionApplied(logger, removed);
                }
            }
            catch (RecordLogException e) when (e.IsTransient)
            {
                Log.RetentionFailed(logger, e);
            }
        }
    }
}
