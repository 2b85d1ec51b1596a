using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.ServiceDefaults.Starting;

/// <summary>
/// Opens the web server before anything else starts. A service may wait minutes for its servers, and an orchestrator that gets no answer
/// meanwhile takes it for dead.
/// </summary>
internal sealed class EarlyStart(IServer server, IConfiguration configuration, HealthCheckService health) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        // Under test there is another server, which needs no address.
        if (server is not EarlyServer early)
        {
            return;
        }

        // The host would say it when it starts the server.
        if (server.Features.Get<IServerAddressesFeature>() is { } listening && listening.Addresses.Count == 0)
        {
            foreach (var address in ListenAddresses.WithoutEndpoints(configuration))
            {
                listening.Addresses.Add(address);
            }
        }

        await early.OpenAsync(new StartingApplication(health), cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
