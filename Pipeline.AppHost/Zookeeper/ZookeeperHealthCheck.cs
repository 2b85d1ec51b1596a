using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.AppHost.Zookeeper;

/// <summary>Healthy when the server answers <c>srvr</c> with the mode that it serves in.</summary>
internal sealed class ZookeeperHealthCheck(EndpointReference endpoint) : IHealthCheck
{
    private const int LongestAnswer = 4096;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!endpoint.IsAllocated)
        {
            return HealthCheckResult.Unhealthy("The server has no address yet.");
        }

        try
        {
            var answer = await AskAsync(endpoint.Host, endpoint.Port, cancellationToken);
            return answer.Contains("Mode: ", StringComparison.Ordinal)
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"It answers: {answer.Trim()}");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }

    private static async Task<string> AskAsync(string host, int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host, port, cancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync("srvr"u8.ToArray(), cancellationToken);
        var answer = new byte[LongestAnswer];
        var length = await stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.ASCII.GetString(answer, 0, length);
    }
}
