using System.Net.Sockets;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.AppHost.Cassandra;

/// <summary>Healthy when the server answers a query with at least one row; that its port is open says nothing, it opens long before.</summary>
internal sealed class CqlHealthCheck(CassandraServerResource server, string query) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!server.PrimaryEndpoint.IsAllocated)
        {
            return HealthCheckResult.Unhealthy("The server has no address yet.");
        }

        try
        {
            return await CqlProbe.ExecuteAsync(server.PrimaryEndpoint.Host, server.PrimaryEndpoint.Port, query, cancellationToken) > 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"No row answers: {query}");
        }
        catch (Exception e) when (e is SocketException or IOException or CqlProbeException)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}
