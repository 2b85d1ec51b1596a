namespace Pipeline.AppHost.Publishing;

/// <summary>How one resource runs where it is deployed.</summary>
/// <param name="User">The user and group of the image that it runs as; never root.</param>
/// <param name="Cpus">The most processor cores it may use.</param>
/// <param name="MemoryMiB">The most memory it may use.</param>
/// <param name="Port">Where it is asked whether it is well.</param>
/// <param name="Alive">The path that answers while it lives; <see langword="null"/>: it lives while it takes connections.</param>
/// <param name="Ready">The path that answers when it can be used; <see langword="null"/>: when it takes connections.</param>
internal sealed record PublishedContainer(int User, double Cpus, int MemoryMiB, int Port, string? Alive = null, string? Ready = null)
{
    /// <summary>Where our services listen in a container; .NET's images do so by default.</summary>
    public const int ServicePort = 8080;

    /// <summary>The home of the image's user, who may write there; a volume made anew takes over its owner.</summary>
    public const string ServiceHome = "/home/app";

    private static readonly PublishedContainer Service = new(1654, 2, 1024, ServicePort, "/alive", "/health");

    private static readonly Dictionary<string, PublishedContainer> Servers = new()
    {
        ["zookeeper"] = new(1000, 1, 1024, 2181),
        ["kafka"] = new(1000, 2, 2048, 9092),
        ["schema-registry"] = new(1000, 1, 1024, 8081, "/subjects", "/subjects"),
        ["cassandra"] = new(999, 2, 3072, 9042),
        ["postgres"] = new(999, 1, 1024, 5432),
        ["trino"] = new(1000, 2, 3072, 8080, "/v1/info", "/v1/info"),
        ["superset"] = new(1000, 2, 2048, 8088, "/health", "/health"),
    };

    /// <summary>The image of a resource that is built from this repository, with its version: deployments name no <c>latest</c>.</summary>
    public static string OwnImage(IResource resource) =>
        $"pipeline/{resource.Name}:{typeof(PublishedContainer).Assembly.GetName().Version!.ToString(3)}";

    /// <summary>Whether its image is built from this repository.</summary>
    public static bool IsOwn(IResource resource) => resource is ProjectResource || resource.HasAnnotationOfType<DockerfileBuildAnnotation>();

    /// <exception cref="InvalidOperationException">Nothing is known of this resource.</exception>
    public static PublishedContainer Of(IResource resource) => resource is ProjectResource
        ? Service
        : Servers.TryGetValue(resource.Name, out var server)
            ? server
            : throw new InvalidOperationException($"How {resource.Name} runs where it is deployed is not said in {nameof(PublishedContainer)}.");
}
