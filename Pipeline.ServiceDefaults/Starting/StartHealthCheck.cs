using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Pipeline.ServiceDefaults.Starting;

/// <summary>Unhealthy until everything that belongs to the start is done: topics, schemas, tables.</summary>
internal sealed class StartHealthCheck(IHostApplicationLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        lifetime.ApplicationStarted.IsCancellationRequested
            ? HealthCheckResult.Healthy("The service has started.")
            : new HealthCheckResult(context.Registration.FailureStatus, "The service starts, or waits for a server that is unhealthy here."));
}
