namespace Pipeline.AppHost.Cassandra;

/// <summary>A keyspace of a Cassandra server, made when the server is ready.</summary>
/// <param name="keyspaceName">Its name in Cassandra.</param>
/// <param name="replicationFactor">Copies of every row in each datacenter, used when the keyspace is made.</param>
public sealed class CassandraKeyspaceResource(string name, string keyspaceName, int replicationFactor, CassandraServerResource parent)
    : Resource(name), IResourceWithParent<CassandraServerResource>, IResourceWithConnectionString
{
    public CassandraServerResource Parent => parent;

    public string KeyspaceName => keyspaceName;

    public int ReplicationFactor => replicationFactor;

    /// <summary>The server's: a client names the keyspace apart.</summary>
    public ReferenceExpression ConnectionStringExpression => parent.ConnectionStringExpression;

    internal string CreateStatement =>
        $"CREATE KEYSPACE IF NOT EXISTS \"{keyspaceName}\" WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replicationFactor}}}";

    internal string ExistsQuery => $"SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = '{keyspaceName}'";
}
