using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Pipeline.AppHost.Kafka;

internal static class KafkaTopicBuilderExtensions
{
    /// <summary>Makes the topic when the broker is ready. One that is there is left as it is.</summary>
    /// <param name="retention">How long records are kept.</param>
    public static IResourceBuilder<KafkaServerResource> WithTopic(this IResourceBuilder<KafkaServerResource> builder, string name, int partitions, TimeSpan retention)
    {
        if (!builder.Resource.HasAnnotationOfType<KafkaTopicAnnotation>())
        {
            builder.OnResourceReady(CreateTopicsAsync);
        }

        return builder.WithAnnotation(new KafkaTopicAnnotation(name, partitions, retention));
    }

    private static async Task CreateTopicsAsync(KafkaServerResource kafka, ResourceReadyEvent ready, CancellationToken cancellationToken)
    {
        var brokers = await kafka.ConnectionStringExpression.GetValueAsync(cancellationToken);
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = brokers }).Build();
        try
        {
            await admin.CreateTopicsAsync(kafka.Annotations.OfType<KafkaTopicAnnotation>().Select(Specify));
        }
        catch (CreateTopicsException e) when (e.Results.All(topic => topic.Error.Code is ErrorCode.NoError or ErrorCode.TopicAlreadyExists))
        {
            // There from an earlier run, or made by a service.
        }
    }

    private static TopicSpecification Specify(KafkaTopicAnnotation topic) => new()
    {
        Name = topic.Name,
        NumPartitions = topic.Partitions,
        ReplicationFactor = -1,
        Configs = new() { ["retention.ms"] = topic.Retention.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) },
    };
}
