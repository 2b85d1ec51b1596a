using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>On PostgreSQL: a connection that waits for what other processes do, so that nobody waits for the next look. Without it, the look finds it.</summary>
internal sealed class ChangeListener(MetadataDialect dialect, SchedulerSignal signal, TimeProvider clock, ILogger<ChangeListener> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (dialect is PostgresDialect postgres && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(postgres, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                // The host stops.
            }
            catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException)
            {
                logger.ListenerBroken(e.Message);
                signal.Set();
                await Task.Delay(Pause, clock, stoppingToken).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    private async Task ListenAsync(PostgresDialect postgres, CancellationToken stoppingToken)
    {
        await using var connection = await Task.Run(postgres.OpenConnection, stoppingToken);
        connection.Notification += (_, _) => signal.Set();
        await using (var listen = new NpgsqlCommand($"LISTEN {PostgresDialect.Channel}", connection))
        {
            await listen.ExecuteNonQueryAsync(stoppingToken);
        }

        // What was told while nobody listened.
        signal.IsTold = true;
        signal.Set();
        try
        {
            while (true)
            {
                await connection.WaitAsync(stoppingToken);
            }
        }
        finally
        {
            signal.IsTold = false;
        }
    }
}
