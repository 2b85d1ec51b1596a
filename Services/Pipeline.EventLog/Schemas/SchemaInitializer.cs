using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pipeline.EventLog.Schemas;

/// <summary>Registers the contract's schemas before anything is read or written. Waits for the registry, because services start together.</summary>
internal sealed class SchemaInitializer(EventSchemas schemas, SchemaRegistryOptions options, TimeProvider time, ILogger<SchemaInitializer> logger) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await schemas.RegisterAsync(cancellationToken);
                return;
            }
            catch (SchemaRegistryException e) when (e.IsTransient && time.GetElapsedTime(started) < options.StartTimeout)
            {
                Log.WaitingForRegistry(logger, e.Message);
                await Task.Delay(options.RetryInterval, time, cancellationToken);
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
