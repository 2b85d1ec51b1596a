using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.Streaming.RecordLog;

/// <summary>Healthy when the log answers.</summary>
internal sealed class RecordLogHealthCheck(IRecordLog log) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var partitions = await log.DescribeAsync(cancellationToken);
            return HealthCheckResult.Healthy($"{partitions.Count} partitions");
        }
        catch (RecordLogException e)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, e.Message, e);
        }
    }
}
