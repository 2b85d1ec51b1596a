using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.AppHost.Trino;

/// <summary>Healthy when the server says that it has started; it answers long before it takes queries.</summary>
internal sealed class TrinoHealthCheck(EndpointReference endpoint) : IHealthCheck
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(5) };

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!endpoint.IsAllocated)
        {
            return HealthCheckResult.Unhealthy("The server has no address yet.");
        }

        try
        {
            return Judge(await Client.GetFromJsonAsync<JsonElement>($"{endpoint.Url}/v1/info", cancellationToken));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }

    internal static HealthCheckResult Judge(JsonElement info) =>
        info.ValueKind == JsonValueKind.Object && info.TryGetProperty("starting", out var starting) && starting.ValueKind == JsonValueKind.False
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("It is starting.");
}
