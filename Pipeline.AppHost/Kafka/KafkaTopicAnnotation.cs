namespace Pipeline.AppHost.Kafka;

/// <summary>A topic that is made when the broker is ready.</summary>
internal sealed record KafkaTopicAnnotation(string Name, int Partitions, TimeSpan Retention) : IResourceAnnotation;
