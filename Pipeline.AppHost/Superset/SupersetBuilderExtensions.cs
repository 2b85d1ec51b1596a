using Pipeline.AppHost.Trino;

namespace Pipeline.AppHost.Superset;

internal static class SupersetBuilderExtensions
{
    private const int HttpPort = 8088;
    private const string ImageFolder = "Superset/image";

    /// <summary>
    /// Adds Superset, provisioned: the users <c>admin</c> and <c>viewer</c> (who only looks), the datasets and dashboards. At each start everything is
    /// made again what the files say. It is healthy when all of it is there. Key and passwords are made at the first start unless they are given.
    /// </summary>
    /// <param name="trino">What it reads through: it has no engine for Cassandra.</param>
    /// <param name="metadata">A database of its own.</param>
    /// <param name="port">Its port on this machine; any free one unless told.</param>
    public static IResourceBuilder<SupersetResource> AddSuperset(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        IResourceBuilder<TrinoResource> trino,
        IResourceBuilder<PostgresDatabaseResource> metadata,
        int? port = null)
    {
        var server = metadata.Resource.Parent;
        return builder.AddResource(new SupersetResource(name))
            .WithImage("pipeline/superset")
            .WithDockerfile(ImageFolder)
            .WithHttpEndpoint(port: port, targetPort: HttpPort, name: SupersetResource.PrimaryEndpointName)
            .WithEnvironment("SUPERSET_SECRET_KEY", Secret("secret-key"))
            .WithEnvironment("SUPERSET_ADMIN_PASSWORD", Secret("admin-password"))
            .WithEnvironment("SUPERSET_VIEWER_PASSWORD", Secret("viewer-password"))
            .WithEnvironment("SUPERSET_DATABASE_HOST", server.Host)
            .WithEnvironment("SUPERSET_DATABASE_PORT", server.Port)
            .WithEnvironment("SUPERSET_DATABASE_NAME", metadata.Resource.DatabaseName)
            .WithEnvironment("SUPERSET_DATABASE_USER", server.UserNameReference)
            .WithEnvironment("SUPERSET_DATABASE_PASSWORD", server.PasswordParameter)
            .WithEnvironment("TRINO_URI", trino.Resource.ConnectionStringExpression)
            // Trino compares times in the zone of who asks.
            .WithEnvironment("TZ", "UTC")
            .WithIconName("DataPie")
            .WithHttpHealthCheck("/health")
            .WithReferenceRelationship(trino)
            .WithReferenceRelationship(metadata)
            .WaitFor(trino)
            .WaitFor(metadata);

        // Kept in the user secrets: another key would make what Superset has stored unreadable.
        IResourceBuilder<ParameterResource> Secret(string part) =>
            builder.AddParameter($"{name}-{part}", new GenerateParameterDefault { MinLength = 42, Special = false }, secret: true, persist: true);
    }
}
