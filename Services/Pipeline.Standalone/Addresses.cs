using System.Net;
using System.Net.Sockets;

namespace Pipeline.Standalone;

/// <summary>The addresses that the host listens on.</summary>
internal static class Addresses
{
    /// <summary>
    /// The first of the addresses (separated by semicolons) that somebody else listens on. Asked before anything starts, so
    /// that a taken port costs nothing; the web server finds those out that are taken in between.
    /// </summary>
    public static string? FirstTaken(string? urls)
    {
        foreach (var url in (urls ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var address = BindingAddress.Parse(url);
            if (!address.IsUnixPipe && address.Port != 0 && !CanListen(address))
            {
                return url;
            }
        }

        return null;
    }

    /// <summary>A loopback port that nobody listened on just now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>An address of ours that a client on this machine can open: wildcards become <c>localhost</c>.</summary>
    public static string Reachable(string url)
        => url.Replace("://[::]", "://localhost", StringComparison.Ordinal)
            .Replace("://0.0.0.0", "://localhost", StringComparison.Ordinal)
            .Replace("://+", "://localhost", StringComparison.Ordinal)
            .Replace("://*", "://localhost", StringComparison.Ordinal);

    private static bool CanListen(BindingAddress address)
    {
        IPAddress[] endpoints = address.Host switch
        {
            "localhost" => [IPAddress.Loopback, IPAddress.IPv6Loopback],
            _ when IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) => [ip],
            _ => [IPAddress.IPv6Any],
        };
        return endpoints.All(ip => CanListen(new IPEndPoint(ip, address.Port)));
    }

    private static bool CanListen(IPEndPoint endpoint)
    {
        try
        {
            using var listener = new TcpListener(endpoint);
            listener.Start();
            return true;
        }
        catch (SocketException e)
        {
            // No IPv6 here, a port below 1024, …: the web server decides and says so.
            return e.SocketErrorCode != SocketError.AddressAlreadyInUse;
        }
    }
}
