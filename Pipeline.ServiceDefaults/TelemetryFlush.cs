using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Pipeline.ServiceDefaults;

/// <summary>
/// Sends the last telemetry when all else has stopped, and waits for it no longer than <see cref="Limit"/>. Disposed as they are, the
/// providers would wait five seconds each, one after the other, for a collector that takes the connection and does not answer; an
/// orchestrator that stops its dashboard and its services together is one, and it kills a service that does not end in six seconds.
/// </summary>
internal sealed class TelemetryFlush(IServiceProvider services) : IHostedLifecycleService
{
    /// <summary>A collector on the same network takes some milliseconds.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        var limit = (int)Limit.TotalMilliseconds;
        try
        {
            // Each blocks its thread. After this they do nothing more when they are disposed.
            await Task.WhenAll(
                Task.Run(() => services.GetService<TracerProvider>()?.Shutdown(limit), CancellationToken.None),
                Task.Run(() => services.GetService<MeterProvider>()?.Shutdown(limit), CancellationToken.None),
                Task.Run(() => services.GetService<LoggerProvider>()?.Shutdown(limit), CancellationToken.None)).WaitAsync(Limit, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Nobody takes it: it is lost, as it is while the collector is away.
        }
    }
}
