using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.AppHost.Zookeeper;

namespace Pipeline.AppHost.Kafka;

internal static class KafkaBuilderExtensions
{
    private const int ClientPort = 9092;
    private const int InternalPort = 9093;
    private const string DataFolder = "/var/lib/kafka/data";
    private const string HostListener = "PLAINTEXT_HOST";
    private const string InternalListener = "PLAINTEXT_INTERNAL";
    private const string ControllerListener = "CONTROLLER";
    private const string Controller = "localhost:9094";
    private const string Listeners = $"{HostListener}://0.0.0.0:9092,{InternalListener}://0.0.0.0:9093";
    private const string Protocols = $"{HostListener}:PLAINTEXT,{InternalListener}:PLAINTEXT";

    // Says which cluster a data volume belongs to; any sixteen bytes will do.
    private const string ClusterId = "cGlwZWxpbmUta2Fma2EwMQ";

    /// <summary>Adds one broker, which needs <see cref="WithZookeeper"/> or <see cref="WithKRaft"/>. It is healthy when its cluster has a controller.</summary>
    /// <param name="port">Its port on this machine; any free one unless told.</param>
    public static IResourceBuilder<KafkaServerResource> AddKafka(this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port = null)
    {
        var kafka = new KafkaServerResource(name);
        var key = $"{name}_check";
        builder.Services.AddSingleton(new KafkaHealthCheck(kafka));
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            key, services => services.GetServices<KafkaHealthCheck>().Single(check => check.Broker == kafka), failureStatus: null, tags: null, HealthCheckLimit.Value));
        return builder.AddResource(kafka)
            .WithImage(KafkaContainerImageTags.Image, KafkaContainerImageTags.Tag)
            .WithImageRegistry(KafkaContainerImageTags.Registry)
            .WithEndpoint(port: port, targetPort: ClientPort, name: KafkaServerResource.PrimaryEndpointName)
            .WithEndpoint(targetPort: InternalPort, name: KafkaServerResource.InternalEndpointName)
            .WithEnvironment(context =>
            {
                context.EnvironmentVariables["KAFKA_INTER_BROKER_LISTENER_NAME"] = InternalListener;
                context.EnvironmentVariables["KAFKA_ADVERTISED_LISTENERS"] = Advertised(kafka, context.ExecutionContext.IsRunMode);
                // One broker cannot keep three copies of its own topics.
                context.EnvironmentVariables["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] = "1";
                context.EnvironmentVariables["KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR"] = "1";
                context.EnvironmentVariables["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"] = "1";
                context.EnvironmentVariables["KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS"] = "0";
            })
            .WithIconName("Stream")
            .WithHealthCheck(key);
    }

    /// <summary>The broker of a cluster that ZooKeeper coordinates.</summary>
    /// <remarks>
    /// ZooKeeper knows a broker that was killed until its session is over, and a broker that starts meanwhile ends with an error
    /// (<c>NodeExistsException</c>): the session is short, and the container runtime starts the broker again.
    /// </remarks>
    public static IResourceBuilder<KafkaServerResource> WithZookeeper(this IResourceBuilder<KafkaServerResource> builder, IResourceBuilder<ZookeeperResource> zookeeper) => builder
        .WithEnvironment("KAFKA_BROKER_ID", "1")
        .WithEnvironment("KAFKA_ZOOKEEPER_CONNECT", zookeeper.Resource.ConnectionStringExpression)
        .WithEnvironment("KAFKA_ZOOKEEPER_SESSION_TIMEOUT_MS", "6000")
        .WithContainerRuntimeArgs("--restart", "on-failure:10")
        .WithEnvironment("KAFKA_LISTENERS", Listeners)
        .WithEnvironment("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", Protocols)
        .WithReferenceRelationship(zookeeper)
        .WaitFor(zookeeper);

    /// <summary>The broker that is its own controller.</summary>
    public static IResourceBuilder<KafkaServerResource> WithKRaft(this IResourceBuilder<KafkaServerResource> builder) => builder
        .WithEnvironment("CLUSTER_ID", ClusterId)
        .WithEnvironment("KAFKA_NODE_ID", "1")
        .WithEnvironment("KAFKA_PROCESS_ROLES", "broker,controller")
        .WithEnvironment("KAFKA_CONTROLLER_LISTENER_NAMES", ControllerListener)
        .WithEnvironment("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@" + Controller)
        .WithEnvironment("KAFKA_LISTENERS", Listeners + "," + ControllerListener + "://" + Controller)
        .WithEnvironment("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", Protocols + "," + ControllerListener + ":PLAINTEXT");

    /// <summary>Keeps the topics in a volume.</summary>
    /// <param name="suffix">The end of the volume's name. A broker refuses the data of another cluster, so each mode needs a volume of its own.</param>
    public static IResourceBuilder<KafkaServerResource> WithDataVolume(this IResourceBuilder<KafkaServerResource> builder, string suffix = "data") =>
        builder.WithVolume(VolumeNameGenerator.Generate(builder, suffix), DataFolder);

    private static ReferenceExpression Advertised(KafkaServerResource kafka, bool isRunMode) => isRunMode
        ? ReferenceExpression.Create($"{HostListener}://localhost:{kafka.PrimaryEndpoint.Property(EndpointProperty.Port)},{InternalListener}://{kafka.ContainerAddress(isRunMode: true)}")
        : ReferenceExpression.Create($"{HostListener}://{kafka.PrimaryEndpoint.Property(EndpointProperty.HostAndPort)},{InternalListener}://{kafka.ContainerAddress(isRunMode: false)}");
}
