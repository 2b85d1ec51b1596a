using YamlDotNet.RepresentationModel;

namespace Pipeline.AppHost.Tests.Publishing;

/// <summary>The Helm chart of the full profile.</summary>
public sealed class KubernetesTests
{
    private static readonly Lazy<Task<IReadOnlyDictionary<string, string>>> Full = new(() => Published.FilesAsync("--target", "kubernetes", "--profile", "full", "--cassandra", "true"));

    [Fact]
    public async Task Chart_HasItsNameAndAWorkloadForEachResource()
    {
        Assert.Equal("pipeline", Yaml.Parse((await Full.Value)["Chart.yaml"]).Text("name"));
        Assert.Equal(Published.Resources, (await WorkloadsAsync()).Keys.Order());
    }

    [Fact]
    public async Task Images_OfAllWorkloads_ArePinned()
    {
        var values = Yaml.Parse((await Full.Value)["values.yaml"]);

        foreach (var (name, workload) in await WorkloadsAsync())
        {
            var image = Container(workload).Text("image")!;
            if (image.Contains("{{", StringComparison.Ordinal))
            {
                Assert.Equal($"{{{{ .Values.parameters.{name}.{name}_image }}}}", image);
                image = values.Text("parameters", name, $"{name}_image")!;
                Assert.StartsWith("pipeline/", image, StringComparison.Ordinal);
            }

            Assert.Matches(@"^[a-z0-9./-]+:\d+\.\d+[\d.]*$", image);
        }
    }

    [Fact]
    public async Task Workloads_All_AreProbedLimitedAndNotRoot()
    {
        Assert.All(
            (await WorkloadsAsync()).Values,
            workload =>
            {
                var container = Container(workload);
                foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
                {
                    Assert.True(container.Text(probe, "httpGet", "port") is not null ^ container.Text(probe, "tcpSocket", "port") is not null, probe);
                    // Kubernetes knows HTTP and HTTPS, in capitals.
                    Assert.Contains(container.Text(probe, "httpGet", "scheme"), new[] { null, "HTTP" });
                }

                Assert.NotNull(container.Text("resources", "limits", "cpu"));
                Assert.NotNull(container.Text("resources", "limits", "memory"));
                Assert.Equal("false", container.Text("securityContext", "allowPrivilegeEscalation"));
                Assert.Equal("ALL", container.Text("securityContext", "capabilities", "drop", "0"));
                Assert.Equal("true", Pod(workload).Text("securityContext", "runAsNonRoot"));
                Assert.Matches(@"^[1-9]\d*$", Pod(workload).Text("securityContext", "runAsUser"));
                Assert.Equal("false", Pod(workload).Text("enableServiceLinks"));
            });
    }

    [Fact]
    public async Task Probes_OfOurServices_AreTheirPages()
    {
        var workloads = await WorkloadsAsync();

        Assert.All(
            Published.Services,
            name =>
            {
                Assert.Equal("/alive", Container(workloads[name]).Text("livenessProbe", "httpGet", "path"));
                Assert.Equal("/health", Container(workloads[name]).Text("readinessProbe", "httpGet", "path"));
                Assert.Equal("8080", Container(workloads[name]).Text("readinessProbe", "httpGet", "port"));
                Assert.Equal("Recreate", workloads[name].Text("spec", "strategy", "type"));
            });
    }

    [Fact]
    public async Task Servers_EachAStatefulSet_NameTheirService()
    {
        var services = (await DocumentsAsync("Service")).Select(service => service.Text("metadata", "name")).ToList();
        var servers = (await DocumentsAsync("StatefulSet")).ToList();

        Assert.NotEmpty(servers);
        Assert.All(servers, server => Assert.Contains(server.Text("spec", "serviceName"), services));
    }

    [Fact]
    public async Task Data_OfEveryStore_AreInClaimedVolumes()
    {
        var claims = (await DocumentsAsync("PersistentVolumeClaim")).Select(claim => claim.Text("metadata", "name")).ToList();

        var used = (await WorkloadsAsync()).ToDictionary(workload => workload.Key, workload => Pod(workload.Value).List("volumes").Select(volume => volume.Text("persistentVolumeClaim", "claimName")).ToList());
        Assert.Equal(Published.Stores, used.Where(workload => workload.Value.Count > 0).Select(workload => workload.Key).Order());
        Assert.Equal(claims.Order(), used.Values.SelectMany(names => names).Order());
        // Names of volumes are DNS labels.
        Assert.All((await WorkloadsAsync()).Values.SelectMany(workload => Pod(workload).List("volumes")), volume => Assert.Matches("^[a-z0-9-]{1,63}$", volume.Text("name")));
    }

    [Fact]
    public async Task Secrets_AreAskedForAndNowhereWrittenDown()
    {
        var files = await Full.Value;

        Assert.All(files.Values, file => Assert.DoesNotContain(Published.Password, file, StringComparison.Ordinal));
        var values = Yaml.Parse(files["values.yaml"]);
        var secrets = values.Map("secrets").Values.SelectMany(resource => resource.Map()).ToList();
        Assert.NotEmpty(secrets);
        Assert.All(secrets, secret => Assert.Equal("", ((YamlScalarNode)secret.Value).Value));
        Assert.All(
            (await DocumentsAsync("Secret")).SelectMany(secret => secret.Map("stringData")),
            secret => Assert.Matches(@"\{\{ required `[^`]+` \.Values\.secrets\.[a-z_.]+ \}\}", ((YamlScalarNode)secret.Value).Value));
        Assert.DoesNotContain(
            values.Map("config").Values.SelectMany(resource => resource.Map().Keys),
            key => key.Contains("PASSWORD", StringComparison.OrdinalIgnoreCase) || key.Contains("Tokens__0__Value", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyDictionary<string, YamlNode>> WorkloadsAsync() =>
        (await DocumentsAsync("Deployment", "StatefulSet")).ToDictionary(workload => Container(workload).Text("name")!, workload => (YamlNode)workload);

    private static async Task<IEnumerable<YamlMappingNode>> DocumentsAsync(params string[] kinds) =>
        (await Full.Value).Where(file => file.Key.StartsWith("templates/", StringComparison.Ordinal)).Select(file => Yaml.Parse(file.Value)).Where(document => kinds.Contains(document.Text("kind")));

    private static YamlNode Pod(YamlNode workload) => workload.At("spec", "template", "spec")!;

    private static YamlNode Container(YamlNode workload) => Pod(workload).At("containers", "0")!;
}
