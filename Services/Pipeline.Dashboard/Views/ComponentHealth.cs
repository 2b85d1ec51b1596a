using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.Dashboard.Views;

/// <summary>One health check's answer.</summary>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</param>
public sealed record ComponentHealth(string Name, string Status, string Description, double DurationMs, IReadOnlyList<KeyValuePair<string, string>> Details);

/// <summary>Asks every health check of the process.</summary>
internal sealed class HealthReader(HealthCheckService checks)
{
    public async ValueTask<IReadOnlyList<ComponentHealth>> ReadAsync(bool _, CancellationToken cancellationToken)
    {
        var report = await checks.CheckHealthAsync(cancellationToken);
        return [.. report.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(ToHealth)];
    }

    public static string Worst(IEnumerable<ComponentHealth> components)
        => components.Select(c => c.Status).OrderBy(s => s switch { "unhealthy" => 0, "degraded" => 1, _ => 2 }).FirstOrDefault("healthy");

    private static ComponentHealth ToHealth(KeyValuePair<string, HealthReportEntry> entry) => new(
        entry.Key,
        entry.Value.Status.ToString().ToLowerInvariant(),
        entry.Value.Description ?? entry.Value.Exception?.Message ?? "",
        entry.Value.Duration.TotalMilliseconds,
        [.. entry.Value.Data.Select(d => KeyValuePair.Create(d.Key, Convert.ToString(d.Value, System.Globalization.CultureInfo.InvariantCulture) ?? ""))]);
}
