using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.Kubernetes;
using Aspire.Hosting.Kubernetes.Resources;
using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.AppHost.Publishing;

/// <summary>Kubernetes: a Helm chart.</summary>
internal static partial class Kubernetes
{
    private const string Name = "kubernetes";

    public static void AddKubernetes(this IDistributedApplicationBuilder builder)
    {
        builder.AddKubernetesEnvironment(Name).WithHelm(chart => chart.WithChartName("pipeline")).WithProperties(environment =>
        {
            // As for Compose: no page that shows everything to everybody.
            environment.DashboardEnabled = false;
            environment.DefaultStorageType = "pvc";
            environment.DefaultStorageSize = "10Gi";
        });
        var resources = builder.Resources.OfType<IComputeResource>().ToList();
        foreach (var resource in resources)
        {
            builder.CreateResourceBuilder(resource).PublishAsKubernetesService(service => Settle(service, PublishedContainer.Of(resource)));
        }

#pragma warning disable ASPIREPIPELINES001, ASPIREPIPELINES004 // The publisher's own default is "latest", and it has no other place to say so.
        builder.Pipeline.AddStep(
            "pin-images",
            context => PinAsync(
                Path.Combine(context.Services.GetRequiredService<IPipelineOutputService>().GetOutputDirectory(), "values.yaml"), resources.Where(PublishedContainer.IsOwn), context.CancellationToken),
            dependsOn: $"publish-{Name}",
            requiredBy: WellKnownPipelineSteps.Publish);
#pragma warning restore ASPIREPIPELINES001, ASPIREPIPELINES004
    }

    private static async Task PinAsync(string path, IEnumerable<IResource> resources, CancellationToken cancellationToken)
    {
        var values = await File.ReadAllTextAsync(path, cancellationToken);
        foreach (var resource in resources)
        {
            values = values.Replace($"\"{resource.Name}:latest\"", $"\"{PublishedContainer.OwnImage(resource)}\"", StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(path, values, cancellationToken);
    }

    private static void Settle(KubernetesResource service, PublishedContainer published)
    {
        var pod = service.Workload!.PodTemplate.Spec;
        pod.SecurityContext = new()
        {
            RunAsNonRoot = true,
            RunAsUser = published.User,
            RunAsGroup = published.User,
            FsGroup = published.User,
            FsGroupChangePolicy = "OnRootMismatch",
            SeccompProfile = new() { Type = "RuntimeDefault" },
        };
        pod.AutomountServiceAccountToken = false;
        // Kubernetes would tell each container the address of "kafka-service" in KAFKA_SERVICE_PORT, which Kafka's image takes for a setting.
        pod.EnableServiceLinks = false;

        var container = pod.Containers.Single();
        container.SecurityContext = new() { AllowPrivilegeEscalation = false, Capabilities = new() { Drop = { "ALL" } } };
        container.Resources = new()
        {
            Limits = { ["cpu"] = published.Cpus.ToString(CultureInfo.InvariantCulture), ["memory"] = $"{published.MemoryMiB}Mi" },
            Requests = { ["cpu"] = "100m", ["memory"] = $"{published.MemoryMiB / 2}Mi" },
        };
        // Not until it has started once, for which it has five minutes, is it asked whether it lives.
        container.StartupProbe = Probe(published.Port, published.Alive, failures: 60);
        container.LivenessProbe = Probe(published.Port, published.Alive, failures: 6);
        container.ReadinessProbe = Probe(published.Port, published.Ready, failures: 2);
        foreach (var mount in container.VolumeMounts)
        {
            // A fresh disk has a folder "lost+found", which Kafka takes for a topic.
            mount.SubPath = "data";
        }

        if (service.Workload is Deployment deployment)
        {
            // Its volume has one writer: the old one goes first.
            deployment.Spec.Strategy = new() { Type = "Recreate", RollingUpdate = null! };
        }

        if (service is { Workload: StatefulSet servers, Service: { } own })
        {
            // The schema of Kubernetes asks for it, and Aspire leaves it out.
            servers.Spec.ServiceName = own.Metadata.Name;
        }

        if (service.Secret is { } secret)
        {
            foreach (var (key, value) in secret.StringData.ToList())
            {
                secret.StringData[key] = Expression().Replace(value, found => $"{{{{ required `{found.Groups[1].Value[1..]} has no value` {found.Groups[1].Value} }}}}");
            }
        }
    }

    private static ProbeV1 Probe(int port, string? path, int failures) => new()
    {
        HttpGet = path is null ? null : new() { Path = path, Port = port, Scheme = "HTTP" },
        TcpSocket = path is null ? new() { Port = port } : null,
        PeriodSeconds = 5,
        TimeoutSeconds = 5,
        FailureThreshold = failures,
    };

    [GeneratedRegex(@"\{\{ *(\.Values\.secrets\.[A-Za-z0-9_.]+) *\}\}")]
    private static partial Regex Expression();
}
