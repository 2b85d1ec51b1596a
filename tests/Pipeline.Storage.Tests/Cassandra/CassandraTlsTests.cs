using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Pipeline.Storage.Cassandra;
using Pipeline.Testing;
using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests.Cassandra;

/// <summary>Encrypted connections to a real server, through a relay that takes no others.</summary>
public sealed class CassandraTlsTests : IAsyncLifetime
{
    private readonly TempDirectory _files = new();
    private readonly TestAuthority _authority = new();
    private CassandraStores? _stores;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private CassandraStores Stores => _stores!;

    private string AuthorityFile => _files.File("authority.pem");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(AuthorityFile, _authority.Pem, Cancel);
        _stores = await CassandraStores.OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_stores is not null)
        {
            await _stores.DisposeAsync();
        }

        _authority.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task Write_ServerAndClientShowTheirCertificates_IsStored(string name)
    {
        // As servers in production have it: signed by an authority in between, which the client is not told of.
        using var between = _authority.Intermediate();
        var (key, certificate) = _authority.Issue("pipeline");
        await File.WriteAllTextAsync(_files.File("client.pem"), certificate, Cancel);
        await File.WriteAllTextAsync(_files.File("client.key"), key, Cancel);
        using var client = X509Certificate2.CreateFromPem(certificate);
        using var chain = X509Certificate2.CreateFromPem(between.Pem);
        await using var relay = Relay(between.Issue(name, name == "localhost" ? [] : [IPAddress.Loopback]), [chain], client);

        await using var store = Store($"{name}:{relay.Port}", o => (o.TlsClientCertificate, o.TlsClientKey) = (_files.File("client.pem"), _files.File("client.key")));
        var claim = await store.ClaimAsync(Topic, 0, "test", Cancel);
        await store.WriteAsync(Batch(1, claim.Epoch).With(Event(0, data: "{}")), Cancel);

        Assert.NotNull(await store.GetEventAsync(Event(0).EventId, Cancel));
        await RefusedAsync(Store($"{name}:{relay.Port}", _ => { }));
    }

    [Fact]
    public async Task Connect_CertificateOfAnotherAuthorityOrForAnotherName_IsRefused()
    {
        using var other = new TestAuthority();
        await using var foreign = Relay(other.Issue("127.0.0.1", IPAddress.Loopback), [], clients: null);
        await using var misnamed = Relay(_authority.Issue("elsewhere"), [], clients: null);

        await RefusedAsync(Store($"127.0.0.1:{foreign.Port}", _ => { }));
        await RefusedAsync(Store($"127.0.0.1:{misnamed.Port}", _ => { }));
        await RefusedAsync(Store($"127.0.0.1:{misnamed.Port}", o => (o.Tls, o.TlsCertificateAuthority) = (false, "")));

        // Nobody told it of our authority: the machine's own do not know it.
        await using var unknown = Relay(_authority.Issue("127.0.0.1", IPAddress.Loopback), [], clients: null);
        await RefusedAsync(Store($"127.0.0.1:{unknown.Port}", o => o.TlsCertificateAuthority = ""));
    }

    private static async Task RefusedAsync(CassandraResultStore store)
    {
        await using (store)
        {
            var refused = await Assert.ThrowsAsync<StorageException>(() => store.InitializeAsync(Cancel).AsTask());
            Assert.Contains("No Cassandra node answers", refused.Message, StringComparison.Ordinal);
        }
    }

    private TlsRelay Relay((string Key, string Certificate) server, X509Certificate2Collection between, X509Certificate2? clients)
        => new(Stores.Address, SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(server.Certificate, server.Key), between, offline: true), clients);

    private CassandraResultStore Store(string address, Action<CassandraOptions> configure)
        => CassandraStores.Store(Stores.Client(
            o =>
            {
                (o.Tls, o.TlsCertificateAuthority) = (true, AuthorityFile);
                configure(o);
            },
            address));
}
