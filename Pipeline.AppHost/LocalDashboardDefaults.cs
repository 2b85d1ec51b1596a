using Microsoft.Extensions.Configuration.Memory;

namespace Pipeline.AppHost;

internal static class LocalDashboardDefaults
{
    /// <summary>
    /// Where the Aspire dashboard listens, unless environment or command line say otherwise. A launch profile would be the usual
    /// place, but it would reach the embedded host as well. Plain HTTP on loopback needs no development certificate.
    /// </summary>
    public static IDistributedApplicationBuilder AddLocalDashboardDefaults(this IDistributedApplicationBuilder builder)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["ASPNETCORE_URLS"] = "http://localhost:18888",
                ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = "http://localhost:18889",
                ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true",
                ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            },
        });
        return builder;
    }
}
