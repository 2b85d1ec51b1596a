using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Pipeline.Storage.Tests.Cassandra;

/// <summary>Stands before a server as one that takes encrypted connections only, and passes on what they say.</summary>
internal sealed class TlsRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _server;
    private readonly SslServerAuthenticationOptions _options;
    private readonly Task _accepting;

    /// <param name="server">host:port of the server.</param>
    /// <param name="certificate">What it shows, with those in between.</param>
    /// <param name="clients">The one certificate that clients must have; null when they need none.</param>
    public TlsRelay(string server, SslStreamCertificateContext certificate, X509Certificate2? clients)
    {
        _server = IPEndPoint.Parse(server);
        _options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            ClientCertificateRequired = clients is not null,
            RemoteCertificateValidationCallback = (_, shown, _, _) => clients is null || (shown is not null && shown.GetRawCertData().AsSpan().SequenceEqual(clients.RawData)),
        };
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await using var encrypted = new SslStream(client.GetStream());
                await encrypted.AuthenticateAsServerAsync(_options, _stop.Token);
                await server.ConnectAsync(_server, _stop.Token);
                await using var plain = server.GetStream();
                await Task.WhenAny(encrypted.CopyToAsync(plain, _stop.Token), plain.CopyToAsync(encrypted, _stop.Token));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
            {
                // One of the two does not want to go on.
            }
        }
    }
}
