namespace Pipeline.AppHost;

/// <summary>
/// What a service refers to, it also waits for: the graph is the start order. Servers until they are healthy, other services until they have started:
/// a service copes without them, and is there when they are not well.
/// </summary>
internal static class ServiceReferences
{
    /// <summary>The record log in Kafka, and the registry of its schemas where there is one.</summary>
    public static IResourceBuilder<ProjectResource> WithLog(
        this IResourceBuilder<ProjectResource> service,
        IResourceBuilder<IResourceWithConnectionString> kafka,
        IResourceBuilder<IResourceWithConnectionString>? registry)
    {
        service.WithReference(kafka, connectionName: "kafka").WaitFor(kafka);
        return registry is null ? service : service.WithReference(registry, connectionName: "schema-registry").WaitFor(registry);
    }

    /// <summary>The result store in Cassandra; without it, the one in the data directory that all services have.</summary>
    public static IResourceBuilder<ProjectResource> WithResults(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<IResourceWithConnectionString>? cassandra) =>
        cassandra is null ? service : service.WithReference(cassandra, connectionName: "cassandra").WaitFor(cassandra);

    /// <summary>The scheduler's metadata in PostgreSQL.</summary>
    public static IResourceBuilder<ProjectResource> WithMetadata(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<IResourceWithConnectionString> postgres) =>
        service.WithReference(postgres, connectionName: "postgres").WaitFor(postgres);
}
