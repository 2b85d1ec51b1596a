namespace Pipeline.AppHost.Kafka;

internal static class KafkaContainerImageTags
{
    public const string Registry = "docker.io";
    public const string Image = "confluentinc/cp-kafka";

    /// <summary>The last line of Confluent Platform that also works with ZooKeeper.</summary>
    public const string Tag = "7.9.2";
}
