namespace Pipeline.AppHost.Kafka;

/// <summary>One Kafka broker in a container, coordinated by ZooKeeper or by itself (KRaft).</summary>
public sealed class KafkaServerResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";
    internal const string InternalEndpointName = "internal";

    private EndpointReference? _primaryEndpoint;
    private EndpointReference? _internalEndpoint;

    /// <summary>Where processes on this machine find it. The network is named, because the broker itself tells its clients this address, and in a container it would be another.</summary>
    public EndpointReference PrimaryEndpoint => _primaryEndpoint ??= new(this, PrimaryEndpointName, KnownNetworkIdentifiers.LocalhostNetwork);

    /// <summary>Where other containers find it: a broker tells its clients an address, and theirs is another one.</summary>
    public EndpointReference InternalEndpoint => _internalEndpoint ??= new(this, InternalEndpointName);

    /// <summary><c>host:port</c>.</summary>
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");

    /// <summary>The same for another container. Run locally, it is known by its name on the container network.</summary>
    internal ReferenceExpression ContainerAddress(bool isRunMode) => isRunMode
        ? ReferenceExpression.Create($"{Name}:{InternalEndpoint.Property(EndpointProperty.TargetPort)}")
        : ReferenceExpression.Create($"{InternalEndpoint.Property(EndpointProperty.HostAndPort)}");
}
