using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.AppHost.Kafka;

/// <summary>Healthy when the broker names the controller of its cluster; its port is open before it can take a record.</summary>
/// <remarks>One client for all checks: each has threads of its own.</remarks>
internal sealed class KafkaHealthCheck(KafkaServerResource broker) : IHealthCheck, IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private IAdminClient? _client;

    public KafkaServerResource Broker => broker;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!broker.PrimaryEndpoint.IsAllocated)
        {
            return HealthCheckResult.Unhealthy("The broker has no address yet.");
        }

        try
        {
            _client ??= Connect(await broker.ConnectionStringExpression.GetValueAsync(cancellationToken));
            var cluster = await _client.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = Limit }).WaitAsync(cancellationToken);
            return cluster.Controller is null
                ? HealthCheckResult.Unhealthy("The cluster has no controller.")
                : HealthCheckResult.Healthy();
        }
        catch (KafkaException e)
        {
            return HealthCheckResult.Unhealthy(e.Error.Reason);
        }
    }

    public void Dispose() => _client?.Dispose();

    // A broker that is not there yet is no news: the check's own answer says it.
    private static IAdminClient Connect(string? brokers) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = brokers, SocketTimeoutMs = (int)Limit.TotalMilliseconds })
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();
}
