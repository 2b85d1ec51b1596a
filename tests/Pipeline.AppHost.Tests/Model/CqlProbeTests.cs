using System.Net;
using System.Net.Sockets;
using Pipeline.AppHost.Cassandra;
using Pipeline.Testing;

namespace Pipeline.AppHost.Tests.Model;

public sealed class CqlProbeTests
{
    [Fact]
    public async Task Execute_RealServer_CountsRows()
    {
        var (host, port) = Address(RequiresServer.ConnectionString("cassandra"));

        Assert.Equal(1, await CqlProbe.ExecuteAsync(host, port, "SELECT release_version FROM system.local", TestContext.Current.CancellationToken));
        Assert.Equal(0, await CqlProbe.ExecuteAsync(host, port, "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = 'no_such_keyspace'", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Execute_RealServerRefusesTheStatement_SaysWhy()
    {
        var (host, port) = Address(RequiresServer.ConnectionString("cassandra"));

        var refused = await Assert.ThrowsAsync<CqlProbeException>(() => CqlProbe.ExecuteAsync(host, port, "SELECT * FROM system.no_such_table", TestContext.Current.CancellationToken));

        Assert.Contains("no_such_table", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak CQL")]
    [InlineData("", "closed before an answer came")]
    public async Task Execute_AnotherServer_IsNotTakenForCassandra(string answer, string complaint)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var served = ServeAsync(listener, answer);

        var refused = await Assert.ThrowsAsync<CqlProbeException>(
            () => CqlProbe.ExecuteAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, "SELECT 1", TestContext.Current.CancellationToken));

        Assert.Contains(complaint, refused.Message, StringComparison.Ordinal);
        await served;
    }

    [Fact]
    public async Task Execute_NobodyListens_IsASocketError()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        await Assert.ThrowsAsync<SocketException>(() => CqlProbe.ExecuteAsync("127.0.0.1", port, "SELECT 1", TestContext.Current.CancellationToken));
    }

    // kind rows, flags, columns, [paging state], rows.
    [Theory]
    [InlineData("00000002 00000004 00000001 00000003", 3)]
    [InlineData("00000002 00000006 00000001 00000002 ABCD 00000005", 5)]
    [InlineData("00000001", 0)]
    public void CountRows_OfAResult_ReadsItsHead(string hex, int rows) =>
        Assert.Equal(rows, CqlProbe.CountRows(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))));

    [Fact]
    public void CountRows_OfACutOffResult_IsRefused() =>
        Assert.Throws<CqlProbeException>(() => CqlProbe.CountRows(Convert.FromHexString("0000000200000004")));

    private static async Task ServeAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        await stream.ReadExactlyAsync(new byte[9], TestContext.Current.CancellationToken);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer), TestContext.Current.CancellationToken);
        client.Client.Shutdown(SocketShutdown.Send);
        // Until the other side has read it all: closing with unread bytes would reset the connection.
        await stream.ReadAtLeastAsync(new byte[4096], 4096, throwOnEndOfStream: false, TestContext.Current.CancellationToken);
    }

    private static (string Host, int Port) Address(string connectionString)
    {
        var parts = connectionString.Split(':', 2);
        return (parts[0], parts.Length > 1 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : 9042);
    }
}
