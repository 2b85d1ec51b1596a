using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration.Memory;

namespace Pipeline.AppHost;

internal static class LocalDashboardDefaults
{
    private const int Page = 18888, Telemetry = 18889;

    /// <summary>
    /// Where the Aspire dashboard listens, unless environment or command line say otherwise. A launch profile would be the usual
    /// place, but it would reach the embedded host as well. Plain HTTP on loopback needs no development certificate. Where
    /// something listens already, another AppHost for one, a free port is taken instead; the dashboard's address is told at the start.
    /// </summary>
    public static IDistributedApplicationBuilder AddLocalDashboardDefaults(this IDistributedApplicationBuilder builder)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["ASPNETCORE_URLS"] = $"http://localhost:{FreePort(Page)}",
                ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = $"http://localhost:{FreePort(Telemetry)}",
                ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true",
                // The command ends when all that it started has ended: whoever starts it again finds data and ports free.
                ["DcpPublisher:WaitForResourceCleanup"] = "true",
                ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            },
        });
        return builder;
    }

    private static int FreePort(int wanted)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, wanted);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException) when (wanted != 0)
        {
            return FreePort(0);
        }
    }
}
