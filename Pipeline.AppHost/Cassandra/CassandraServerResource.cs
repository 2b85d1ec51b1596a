namespace Pipeline.AppHost.Cassandra;

/// <summary>A Cassandra node in a container, without a password: only the container network and this machine reach it.</summary>
public sealed class CassandraServerResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "cql";

    private EndpointReference? _primaryEndpoint;

    /// <summary>Where the native protocol is spoken.</summary>
    public EndpointReference PrimaryEndpoint => _primaryEndpoint ??= new(this, PrimaryEndpointName);

    /// <summary><c>Contact Points=host;Port=port</c>.</summary>
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"Contact Points={PrimaryEndpoint.Property(EndpointProperty.Host)};Port={PrimaryEndpoint.Property(EndpointProperty.Port)}");
}
