using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.AppHost.Cassandra;

internal static class CassandraBuilderExtensions
{
    private const int CqlPort = 9042;
    private const string DataFolder = "/var/lib/cassandra";
    private const string AliveQuery = "SELECT release_version FROM system.local";

    /// <summary>Adds one Cassandra node. It is healthy when it answers a query.</summary>
    /// <param name="port">Its port on this machine; any free one unless told.</param>
    public static IResourceBuilder<CassandraServerResource> AddCassandra(this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port = null)
    {
        var server = new CassandraServerResource(name);
        return builder.AddResource(server)
            .WithImage(CassandraContainerImageTags.Image, CassandraContainerImageTags.Tag)
            .WithImageRegistry(CassandraContainerImageTags.Registry)
            .WithEndpoint(port: port, targetPort: CqlPort, name: CassandraServerResource.PrimaryEndpointName)
            .WithEnvironment("CASSANDRA_CLUSTER_NAME", name)
            // Without a limit it takes a quarter of the machine.
            .WithEnvironment("MAX_HEAP_SIZE", "1G")
            .WithEnvironment("HEAP_NEWSIZE", "256M")
            .WithIconName("DatabaseStack")
            .WithCqlHealthCheck(server, $"{name}_check", AliveQuery);
    }

    /// <summary>Keeps the data in a volume.</summary>
    /// <param name="suffix">The end of the volume's name.</param>
    public static IResourceBuilder<CassandraServerResource> WithDataVolume(this IResourceBuilder<CassandraServerResource> builder, string suffix = "data") =>
        builder.WithVolume(VolumeNameGenerator.Generate(builder, suffix), DataFolder);

    /// <summary>Adds a keyspace, which is made when the server is ready unless it is there. It is healthy when it is there.</summary>
    public static IResourceBuilder<CassandraKeyspaceResource> AddKeyspace(
        this IResourceBuilder<CassandraServerResource> builder, [ResourceName] string name, string? keyspaceName = null, int replicationFactor = 1)
    {
        var server = builder.Resource;
        var keyspace = new CassandraKeyspaceResource(name, keyspaceName ?? name, replicationFactor, server);
        builder.OnResourceReady((_, _, cancellationToken) =>
            CqlProbe.ExecuteAsync(server.PrimaryEndpoint.Host, server.PrimaryEndpoint.Port, keyspace.CreateStatement, cancellationToken));
        return builder.ApplicationBuilder.AddResource(keyspace)
            .WithIconName("Database")
            .WithCqlHealthCheck(server, $"{name}_check", keyspace.ExistsQuery);
    }

    private static IResourceBuilder<T> WithCqlHealthCheck<T>(this IResourceBuilder<T> builder, CassandraServerResource server, string key, string query)
        where T : IResource
    {
        builder.ApplicationBuilder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key, _ => new CqlHealthCheck(server, query), failureStatus: null, tags: null, HealthCheckLimit.Value));
        return builder.WithHealthCheck(key);
    }
}
