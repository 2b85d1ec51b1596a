using Cassandra;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Storage.Cassandra;
using Pipeline.Storage.Cassandra.Writing;
using Pipeline.Testing;

namespace Pipeline.Storage.Tests.Cassandra;

/// <summary>A keyspace of a test class's own on the real server, and stores on it.</summary>
internal sealed class CassandraStores : IAsyncDisposable
{
    private readonly List<CassandraClient> _clients = [];
    private Cluster? _cluster;

    private CassandraStores(string address, string keyspace)
    {
        Address = address;
        Keyspace = keyspace;
    }

    public string Address { get; }

    public string Keyspace { get; }

    /// <summary>A session of the test's own, outside our code.</summary>
    public ISession Session { get; private set; } = null!;

    /// <summary>Opens a keyspace that nobody else has; skips the test without a server.</summary>
    public static async Task<CassandraStores> OpenAsync()
    {
        var stores = new CassandraStores(RequiresServer.ConnectionString("cassandra"), $"test_{Guid.NewGuid():N}");
        var address = CassandraAddress.Parse(stores.Address, []);
        stores._cluster = Cluster.Builder().AddContactPoints(address.ContactPoints).WithPort(address.Port).WithQueryTimeout(60_000)
            .WithSocketOptions(new SocketOptions().SetReadTimeoutMillis(60_000)).Build();
        stores.Session = await stores._cluster.ConnectAsync();
        return stores;
    }

    public CassandraClient Client(Action<CassandraOptions>? configure = null, string? address = null)
    {
        var options = new CassandraOptions { Keyspace = Keyspace, RequestTimeout = TimeSpan.FromSeconds(30) };
        configure?.Invoke(options);
        var client = new CassandraClient(CassandraAddress.Parse(address ?? Address, []), options, NullLogger.Instance);
        _clients.Add(client);
        return client;
    }

    public static CassandraResultStore Store(CassandraClient client, StorageOptions? options = null, TimeProvider? time = null)
        => new(client, new RequestSender(client, TimeProvider.System, NullLogger.Instance), options ?? new StorageOptions(), time ?? TimeProvider.System, NullLogger<CassandraResultStore>.Instance);

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        if (_cluster is not null)
        {
            await Session.ExecuteAsync(new SimpleStatement($"DROP KEYSPACE IF EXISTS {Keyspace}"));
            await _cluster.ShutdownAsync();
        }
    }
}
