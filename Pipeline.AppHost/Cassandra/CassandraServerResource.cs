namespace Pipeline.AppHost.Cassandra;

/// <summary>A Cassandra node in a container, without a password: only the container network and this machine reach it.</summary>
public sealed class CassandraServerResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "cql";

    /// <summary>What the image calls its datacenter; clients that keep to one have to name it.</summary>
    internal const string Datacenter = "datacenter1";

    private EndpointReference? _primaryEndpoint;

    /// <summary>Where the native protocol is spoken.</summary>
    public EndpointReference PrimaryEndpoint => _primaryEndpoint ??= new(this, PrimaryEndpointName);

    /// <summary><c>Contact Points=host;Port=port</c>.</summary>
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"Contact Points={PrimaryEndpoint.Property(EndpointProperty.Host)};Port={PrimaryEndpoint.Property(EndpointProperty.Port)}");
}
