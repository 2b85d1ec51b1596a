using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>Where the configuration makes the web server listen.</summary>
internal static class ListenAddresses
{
    /// <summary>Those that other machines can reach. Endpoints come before addresses and these before ports, as in the web server itself.</summary>
    public static IReadOnlyList<string> BeyondLoopback(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>().ToArray();
        if (endpoints.Length > 0)
        {
            return [.. endpoints.Where(IsBeyondLoopback)];
        }

        return [.. WithoutEndpoints(configuration).Where(IsBeyondLoopback)];
    }

    /// <summary>Those that hold where no endpoints are configured; none where the web server is left to choose.</summary>
    public static IReadOnlyList<string> WithoutEndpoints(IConfiguration configuration)
    {
        var addresses = Split(configuration["urls"]);
        return addresses.Length > 0 ? addresses : [.. Ports(configuration, "http"), .. Ports(configuration, "https")];
    }

    public static bool IsLoopback(string host) => host.Trim('[', ']') is var name
        && (string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(name, out var ip) && IPAddress.IsLoopback(ip)));

    private static bool IsBeyondLoopback(string url)
    {
        var address = BindingAddress.Parse(url);
        return !address.IsUnixPipe && !address.IsNamedPipe && !IsLoopback(address.Host);
    }

    /// <summary>A port alone is opened on every address of the machine.</summary>
    private static IEnumerable<string> Ports(IConfiguration configuration, string scheme)
        => Split(configuration[$"{scheme}_ports"]).Select(port => $"{scheme}://*:{port}");

    private static string[] Split(string? list) => (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
