namespace Pipeline.AppHost.KafkaUi;

/// <summary>A page over Kafka and the Schema Registry: topics, messages, groups, schemas.</summary>
public sealed class KafkaUiResource(string name) : ContainerResource(name);
