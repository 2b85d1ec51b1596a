using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.Storage;

/// <summary>Healthy when the schema is in place and the store answers a query.</summary>
internal sealed class SchemaHealthCheck(SchemaInitializer initializer, IResultStore store) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (initializer.NotReadyBecause is { } reason)
        {
            return HealthCheckResult.Unhealthy(reason);
        }

        try
        {
            var progress = await store.GetProgressAsync(cancellationToken);
            return HealthCheckResult.Healthy($"{progress.Count} partitions have results.");
        }
        catch (StorageException e)
        {
            return HealthCheckResult.Unhealthy(e.Message, e);
        }
    }
}
