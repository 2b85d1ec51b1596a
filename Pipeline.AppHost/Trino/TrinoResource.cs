using Pipeline.AppHost.Cassandra;

namespace Pipeline.AppHost.Trino;

/// <summary>Trino in a container: SQL over the tables of a Cassandra server, without a password. Only the container network and this machine reach it.</summary>
public sealed class TrinoResource(string name, CassandraServerResource cassandra) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "http";

    // The name of the file in image/etc/catalog.
    private const string Catalog = "cassandra";

    private EndpointReference? _primaryEndpoint;

    public EndpointReference PrimaryEndpoint => _primaryEndpoint ??= new(this, PrimaryEndpointName);

    public CassandraServerResource Cassandra => cassandra;

    /// <summary><c>trino://user@host:port/catalog</c>, as SQLAlchemy writes it.</summary>
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"trino://superset@{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}/{Catalog}");
}
