using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.Docker.Resources.ComposeNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

namespace Pipeline.AppHost.Publishing;

/// <summary>Docker Compose: <c>docker-compose.yaml</c>, and a <c>.env</c> of the values that it asks for.</summary>
internal static partial class Compose
{
    public static void AddCompose(this IDistributedApplicationBuilder builder)
    {
        // Aspire's dashboard shows everything to everybody, and its image has no version: a deployment sends its telemetry to OTEL_EXPORTER_OTLP_ENDPOINT.
        builder.AddDockerComposeEnvironment("compose").WithDashboard(false).ConfigureComposeFile(file => file.Name = "pipeline");
        var defaults = builder.Resources.OfType<ParameterResource>()
            .Where(parameter => !parameter.Secret && parameter.Default is not null)
            .ToDictionary(parameter => Variable(parameter.Name), parameter => parameter.Default!.GetDefaultValue());
        foreach (var resource in builder.Resources.OfType<IComputeResource>())
        {
            builder.CreateResourceBuilder(resource).PublishAsDockerComposeService((_, service) => Settle(service, resource, defaults));
        }
    }

    private static void Settle(Service service, IResource resource, Dictionary<string, string> defaults)
    {
        var published = PublishedContainer.Of(resource);
        if (PublishedContainer.IsOwn(resource))
        {
            service.Image = $"${{{Variable(resource.Name)}_IMAGE:-{PublishedContainer.OwnImage(resource)}}}";
        }

        service.Restart = "unless-stopped";
        service.User = published.User.ToString(CultureInfo.InvariantCulture);
        service.CapDrop.Add("ALL");
        service.SecurityOpt.Add("no-new-privileges:true");
        service.Deploy = new Deploy
        {
            Resources = new Resources { Limits = new ResourceSpec { Cpus = published.Cpus.ToString(CultureInfo.InvariantCulture), Memory = $"{published.MemoryMiB}M" } },
        };
        service.Healthcheck = new Healthcheck
        {
            Test = ["CMD", "bash", "-c", Probe(published.Port, published.Ready)],
            Interval = "10s",
            Timeout = "5s",
            Retries = 3,
            StartPeriod = "300s",
        };
        foreach (var dependency in service.DependsOn.Values)
        {
            dependency.Condition = "service_healthy";
        }

        // An empty password must not start anything.
        foreach (var (name, value) in service.Environment.ToList())
        {
            service.Environment[name] = Placeholder().Replace(value, found => defaults.TryGetValue(found.Groups[1].Value, out var known)
                ? $"${{{found.Groups[1].Value}:-{known}}}"
                : $"${{{found.Groups[1].Value}:?has no value in .env}}");
        }
    }

    // Every image has bash, few have more; Compose itself reads a single dollar sign.
    private static string Probe(int port, string? path) => path is null
        ? $"exec 3<>/dev/tcp/127.0.0.1/{port}"
        : $"exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' >&3 && read -r -u 3 _ code _ && [ $$code = 200 ]";

    private static string Variable(string name) => name.Replace('-', '_').ToUpperInvariant();

    [GeneratedRegex(@"\$\{([A-Z0-9_]+)\}")]
    private static partial Regex Placeholder();
}
