using System.Collections.Concurrent;
using Cassandra;
using Microsoft.Extensions.Logging;
using Pipeline.Storage.Cassandra.Diagnostics;

namespace Pipeline.Storage.Cassandra;

/// <summary>
/// The connection to the cluster: made at first use, and again after it could not be made. Statements are prepared once.
/// Requests are not retried by the driver: who sends one knows whether it may be sent twice.
/// </summary>
internal sealed class CassandraClient(CassandraAddress address, CassandraOptions options, ILogger logger) : IAsyncDisposable
{
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private readonly ConcurrentDictionary<string, Task<PreparedStatement>> _prepared = new(StringComparer.Ordinal);
    private volatile ISession? _session;
    private volatile bool _isClosed;

    public CassandraOptions Options => options;

    public CassandraAddress Address => address;

    public ConsistencyLevel SerialConsistency { get; } = ConsistencyNames.Parse(options.SerialConsistency);

    /// <summary>Name of the datacenter that is asked; known when connected.</summary>
    public string LocalDatacenter { get; private set; } = "";

    /// <exception cref="StorageException">No node answers, or the user is refused.</exception>
    public async ValueTask<ISession> SessionAsync(CancellationToken cancellationToken)
    {
        if (_session is { } session)
        {
            return session;
        }

        await _connecting.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            return _session ??= await ConnectAsync();
        }
        finally
        {
            _connecting.Release();
        }
    }

    /// <summary>The nodes that have a partition of the keyspace, the same object while the cluster stays as it is; null or empty when that is not known.</summary>
    public ICollection<Host>? ReplicasOf(RoutingKey partition) => _session?.Cluster.GetReplicas(options.Keyspace, partition.RawRoutingKey);

    /// <summary>A statement on the keyspace's tables; written there without naming it.</summary>
    public async ValueTask<PreparedStatement> PrepareAsync(string cql, CancellationToken cancellationToken)
    {
        if (_prepared.TryGetValue(cql, out var known) && known.IsCompletedSuccessfully)
        {
            return await known;
        }

        var session = await SessionAsync(cancellationToken);
        try
        {
            return await _prepared.GetOrAdd(cql, static (text, s) => s.PrepareAsync(text), session);
        }
        catch (Exception e) when (Faults.IsStorageFault(e))
        {
            _prepared.TryRemove(cql, out _);
            throw Faults.Translate(e);
        }
    }

    /// <summary>Prepares and binds.</summary>
    public async ValueTask<BoundStatement> BindAsync(string cql, CancellationToken cancellationToken, params object?[] values)
        => (await PrepareAsync(cql, cancellationToken)).Bind(values);

    /// <summary>Sends one request, once.</summary>
    /// <exception cref="StorageException">Not done, or not known to be done.</exception>
    public async ValueTask<RowSet> ExecuteAsync(IStatement statement, CancellationToken cancellationToken)
    {
        var session = await SessionAsync(cancellationToken);
        try
        {
            return await session.ExecuteAsync(statement).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (Faults.IsStorageFault(e))
        {
            throw Faults.Translate(e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _connecting.WaitAsync();
        try
        {
            _isClosed = true;
            if (_session is { } session)
            {
                _session = null;
                await session.Cluster.ShutdownAsync();
            }
        }
        finally
        {
            _connecting.Release();
        }
    }

    private async Task<ISession> ConnectAsync()
    {
        Cluster? cluster = null;
        try
        {
            cluster = Build(options.Tls ? await CassandraTls.CreateAsync(options, address.ContactPoints) : null);
            var session = await cluster.ConnectAsync();
            LocalDatacenter = options.LocalDatacenter.Length > 0 ? options.LocalDatacenter : cluster.AllHosts().First().Datacenter;
            Log.Connected(logger, address.ToString(), LocalDatacenter, options.Keyspace);
            return session;
        }
        catch (Exception e)
        {
            if (cluster is not null)
            {
                await cluster.ShutdownAsync();
            }

            if (Faults.IsStorageFault(e))
            {
                throw Faults.Translate(e);
            }

            // The driver refuses a setting, such as a datacenter that the cluster does not have.
            if (e is ArgumentException)
            {
                throw new StorageException($"Cassandra at {address} cannot be used: {e.Message}", isTransient: false, e);
            }

            throw;
        }
    }

    private Cluster Build(SSLOptions? tls)
    {
        var datacenterPolicy = options.LocalDatacenter.Length > 0 ? new DCAwareRoundRobinPolicy(options.LocalDatacenter) : new DCAwareRoundRobinPolicy();
        var builder = Cluster.Builder()
            .AddContactPoints(address.ContactPoints)
            .WithPort(address.Port)
            .WithApplicationName("pipeline")
            .WithLoadBalancingPolicy(new TokenAwarePolicy(datacenterPolicy))
            .WithRetryPolicy(FallthroughRetryPolicy.Instance)
            .WithReconnectionPolicy(new ExponentialReconnectionPolicy(250, 10_000))
            .WithQueryOptions(new QueryOptions()
                .SetConsistencyLevel(ConsistencyNames.Parse(options.Consistency))
                .SetSerialConsistencyLevel(SerialConsistency)
                .SetDefaultIdempotence(true))
            .WithSocketOptions(new SocketOptions()
                .SetConnectTimeoutMillis((int)options.ConnectTimeout.TotalMilliseconds)
                .SetReadTimeoutMillis((int)options.RequestTimeout.TotalMilliseconds)
                .SetTcpNoDelay(true))
            .WithPoolingOptions(new PoolingOptions()
                .SetCoreConnectionsPerHost(HostDistance.Local, 2)
                .SetMaxConnectionsPerHost(HostDistance.Local, 2)
                .SetHeartBeatInterval(5_000));
        if (address is { Username: { } username, Password: { } password })
        {
            builder.WithCredentials(username, password);
        }

        if (tls is not null)
        {
            builder.WithSSL(tls);
        }

        return builder.Build();
    }
}
