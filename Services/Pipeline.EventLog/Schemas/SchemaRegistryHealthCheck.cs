using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.EventLog.Schemas;

/// <summary>Degraded while the registry does not answer: schemas that are known go on to work, a new one is not to be had.</summary>
internal sealed class SchemaRegistryHealthCheck(SchemaRegistryClient registry) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            return HealthCheckResult.Healthy($"It takes {string.Join(", ", await registry.TypesAsync(cancellationToken))}.");
        }
        catch (SchemaRegistryException e)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, e.Message, e);
        }
    }
}
