using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.AppHost.Cassandra;

namespace Pipeline.AppHost.Trino;

internal static class TrinoBuilderExtensions
{
    private const int HttpPort = 8080;
    private const string ImageFolder = "Trino/image";

    /// <summary>Adds one Trino server with a catalog of the Cassandra server's keyspaces. It is healthy when it has started.</summary>
    /// <param name="port">Its port on this machine; any free one unless told.</param>
    public static IResourceBuilder<TrinoResource> AddTrino(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, IResourceBuilder<CassandraServerResource> cassandra, int? port = null)
    {
        var trino = new TrinoResource(name, cassandra.Resource);
        var key = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key, _ => new TrinoHealthCheck(trino.PrimaryEndpoint), failureStatus: null, tags: null, HealthCheckLimit.Value));
        var cql = cassandra.Resource.PrimaryEndpoint;
        return builder.AddResource(trino)
            .WithImage("pipeline/trino")
            .WithDockerfile(ImageFolder)
            .WithHttpEndpoint(port: port, targetPort: HttpPort, name: TrinoResource.PrimaryEndpointName)
            .WithEnvironment("CASSANDRA_HOST", cql.Property(EndpointProperty.Host))
            .WithEnvironment("CASSANDRA_PORT", cql.Property(EndpointProperty.Port))
            .WithEnvironment("CASSANDRA_DC", CassandraServerResource.Datacenter)
            .WithEnvironment("TZ", "UTC")
            .WithIconName("TableSearch")
            .WithHealthCheck(key)
            .WithReferenceRelationship(cassandra)
            .WaitFor(cassandra);
    }
}
