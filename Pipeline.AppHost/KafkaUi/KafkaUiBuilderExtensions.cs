using Pipeline.AppHost.Kafka;
using Pipeline.AppHost.SchemaRegistry;

namespace Pipeline.AppHost.KafkaUi;

internal static class KafkaUiBuilderExtensions
{
    private const int HttpPort = 8080;

    /// <summary>Adds the page, with a link to each topic of the broker. Aspire's own <c>WithKafkaUI</c> knows no Schema Registry.</summary>
    /// <param name="registry">The registry beside the broker.</param>
    public static IResourceBuilder<KafkaUiResource> AddKafkaUi(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        IResourceBuilder<KafkaServerResource> kafka,
        IResourceBuilder<SchemaRegistryResource> registry,
        int? port = null)
    {
        var page = builder.AddResource(new KafkaUiResource(name))
            .WithImage(KafkaUiContainerImageTags.Image, KafkaUiContainerImageTags.Tag)
            .WithImageRegistry(KafkaUiContainerImageTags.Registry)
            .WithHttpEndpoint(port: port, targetPort: HttpPort)
            .WithEnvironment("KAFKA_CLUSTERS_0_NAME", kafka.Resource.Name)
            .WithEnvironment("KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS", kafka.Resource.ContainerAddress(builder.ExecutionContext.IsRunMode))
            .WithEnvironment("KAFKA_CLUSTERS_0_SCHEMAREGISTRY", registry.Resource.ConnectionStringExpression)
            .WithIconName("WindowDatabase")
            .WithHttpHealthCheck("/actuator/health")
            .WithReferenceRelationship(kafka)
            .WithReferenceRelationship(registry)
            .WaitFor(kafka)
            .WaitFor(registry)
            .ExcludeFromManifest();
        foreach (var topic in kafka.Resource.Annotations.OfType<KafkaTopicAnnotation>())
        {
            page.WithUrlForEndpoint("http", _ => new ResourceUrlAnnotation { Url = $"/ui/clusters/{kafka.Resource.Name}/all-topics/{topic.Name}", DisplayText = topic.Name });
        }

        return page;
    }
}
