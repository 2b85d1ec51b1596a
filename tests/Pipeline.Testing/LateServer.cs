using System.Net;
using System.Net.Sockets;

namespace Pipeline.Testing;

/// <summary>The address of a server that is not there yet: nobody listens on it until <see cref="Open"/>, which passes every connection on.</summary>
public sealed class LateServer : IDisposable
{
    public const string Host = "127.0.0.1";

    private readonly TcpListener _listener = new(IPAddress.Loopback, FreePorts.First(1));
    private readonly CancellationTokenSource _closed = new();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <param name="server">host:port</param>
    public void Open(string server)
    {
        var (host, port) = server.Split(':') is [var name, var number] ? (name, int.Parse(number, System.Globalization.CultureInfo.InvariantCulture)) : throw new ArgumentException(server, nameof(server));
        _listener.Start();
        _ = AcceptAsync(host, port);
    }

    public void Dispose()
    {
        _closed.Cancel();
        _listener.Dispose();
        _closed.Dispose();
    }

    private async Task AcceptAsync(string host, int port)
    {
        try
        {
            while (true)
            {
                _ = PassOnAsync(await _listener.AcceptTcpClientAsync(_closed.Token), host, port, _closed.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private static async Task PassOnAsync(TcpClient client, string host, int port, CancellationToken cancellationToken)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(host, port, cancellationToken);
                await Task.WhenAny(
                    client.GetStream().CopyToAsync(server.GetStream(), cancellationToken),
                    server.GetStream().CopyToAsync(client.GetStream(), cancellationToken));
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
            {
                // Whoever was connected sees it himself.
            }
        }
    }
}
