using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.AppHost.Zookeeper;

internal static class ZookeeperBuilderExtensions
{
    private const int ClientPort = 2181;
    private const string DataFolder = "/var/lib/zookeeper/data";
    private const string LogFolder = "/var/lib/zookeeper/log";

    /// <summary>Adds one ZooKeeper server. It is healthy when it says that it serves.</summary>
    public static IResourceBuilder<ZookeeperResource> AddZookeeper(this IDistributedApplicationBuilder builder, [ResourceName] string name)
    {
        var zookeeper = new ZookeeperResource(name);
        var key = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key, _ => new ZookeeperHealthCheck(zookeeper.PrimaryEndpoint), failureStatus: null, tags: null, HealthCheckLimit.Value));
        return builder.AddResource(zookeeper)
            .WithImage(ZookeeperContainerImageTags.Image, ZookeeperContainerImageTags.Tag)
            .WithImageRegistry(ZookeeperContainerImageTags.Registry)
            .WithEndpoint(targetPort: ClientPort, name: ZookeeperResource.PrimaryEndpointName)
            .WithEnvironment("ZOOKEEPER_CLIENT_PORT", "2181")
            .WithEnvironment("ZOOKEEPER_TICK_TIME", "2000")
            .WithEnvironment("KAFKA_OPTS", "-Dzookeeper.4lw.commands.whitelist=srvr")
            .WithIconName("PeopleTeam")
            .WithHealthCheck(key);
    }

    /// <summary>Keeps snapshots and transaction log in volumes; Kafka's topics are lost without them.</summary>
    public static IResourceBuilder<ZookeeperResource> WithDataVolume(this IResourceBuilder<ZookeeperResource> builder) => builder
        .WithVolume(VolumeNameGenerator.Generate(builder, "data"), DataFolder)
        .WithVolume(VolumeNameGenerator.Generate(builder, "log"), LogFolder);
}
