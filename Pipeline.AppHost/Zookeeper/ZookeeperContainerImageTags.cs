namespace Pipeline.AppHost.Zookeeper;

internal static class ZookeeperContainerImageTags
{
    public const string Registry = "docker.io";
    public const string Image = "confluentinc/cp-zookeeper";

    /// <summary>The last line of Confluent Platform with ZooKeeper.</summary>
    public const string Tag = "7.9.2";
}
