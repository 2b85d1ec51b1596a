using Pipeline.AppHost.Kafka;

namespace Pipeline.AppHost.SchemaRegistry;

internal static class SchemaRegistryBuilderExtensions
{
    private const int HttpPort = 8081;

    /// <summary>Adds a Schema Registry that keeps its schemas in Kafka. It is healthy when it lists them.</summary>
    public static IResourceBuilder<SchemaRegistryResource> AddSchemaRegistry(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, IResourceBuilder<KafkaServerResource> kafka, int? port = null) =>
        builder.AddResource(new SchemaRegistryResource(name))
            .WithImage(SchemaRegistryContainerImageTags.Image, SchemaRegistryContainerImageTags.Tag)
            .WithImageRegistry(SchemaRegistryContainerImageTags.Registry)
            .WithHttpEndpoint(port: port, targetPort: HttpPort, name: SchemaRegistryResource.PrimaryEndpointName)
            .WithEnvironment("SCHEMA_REGISTRY_HOST_NAME", name)
            .WithEnvironment("SCHEMA_REGISTRY_LISTENERS", "http://0.0.0.0:8081")
            .WithEnvironment("SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS",
                ReferenceExpression.Create($"PLAINTEXT://{kafka.Resource.ContainerAddress(builder.ExecutionContext.IsRunMode)}"))
            // One broker keeps one copy.
            .WithEnvironment("SCHEMA_REGISTRY_KAFKASTORE_TOPIC_REPLICATION_FACTOR", "1")
            .WithIconName("DocumentTable")
            .WithHttpHealthCheck("/subjects")
            .WithReferenceRelationship(kafka)
            .WaitFor(kafka);
}
