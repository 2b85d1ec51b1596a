using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Pipeline.Scheduling.Diagnostics;

/// <summary>What the scheduler says about itself, for the health check.</summary>
internal sealed class SchedulerHealth
{
    private readonly Lock _gate = new();
    private DateTimeOffset? _latestHeartbeat;
    private string? _fault;

    public void Beat(DateTimeOffset now)
    {
        lock (_gate)
        {
            _latestHeartbeat = now;
        }
    }

    public void Working()
    {
        lock (_gate)
        {
            _fault = null;
        }
    }

    public void Failing(string fault)
    {
        lock (_gate)
        {
            _fault = fault;
        }
    }

    public (DateTimeOffset? LatestHeartbeat, string? Fault) Read()
    {
        lock (_gate)
        {
            return (_latestHeartbeat, _fault);
        }
    }
}

/// <summary>Healthy while the scheduler beats and its database answers; Airflow's <c>monitor/health</c> asks the same.</summary>
internal sealed class SchedulerHealthCheck(SchedulerHealth health, IOptions<SchedulingOptions> options, TimeProvider clock) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (heartbeat, fault) = health.Read();
        if (heartbeat is null)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy("The scheduler has not started."));
        }

        var silence = clock.GetUtcNow() - heartbeat.Value;
        var data = new Dictionary<string, object> { ["latest_scheduler_heartbeat"] = heartbeat.Value.ToString("O", System.Globalization.CultureInfo.InvariantCulture) };
        return Task.FromResult(
            silence > options.Value.LeaseDuration ? HealthCheckResult.Unhealthy($"The scheduler has been silent for {silence.TotalSeconds:0} s. {fault}".TrimEnd(), data: data)
            : fault is not null ? HealthCheckResult.Degraded(fault, data: data)
            : HealthCheckResult.Healthy("The scheduler is alive.", data));
    }
}
