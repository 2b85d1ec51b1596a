using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Pipeline.AppHost.Tests.Publishing;

/// <summary>What <c>docker compose</c> gets of the full profile.</summary>
public sealed partial class ComposeTests
{
    private static readonly Lazy<Task<IReadOnlyDictionary<string, string>>> Full = new(() => Published.FilesAsync("--target", "compose", "--profile", "full", "--cassandra", "true"));

    [Fact]
    public async Task Services_OfTheFullProfile_AreTheStackWithoutTheToolsOfOneMachine() =>
        Assert.Equal(Published.Resources, (await ServicesAsync()).Keys.Order());

    [Fact]
    public async Task Images_OfAllServices_ArePinned() =>
        Assert.All(await ServicesAsync(), service => Assert.Matches(@"^(docker\.io/[a-z/-]+:|\$\{[A-Z_]+_IMAGE:-pipeline/[a-z]+:)\d+\.\d+[\d.]*\}?$", service.Value.Text("image")));

    [Fact]
    public async Task Services_All_AreProbedRestartedLimitedAndNotRoot()
    {
        Assert.All(
            await ServicesAsync(),
            service =>
            {
                Assert.Contains("/dev/tcp/127.0.0.1/", service.Value.Text("healthcheck", "test", "3"), StringComparison.Ordinal);
                Assert.Equal("unless-stopped", service.Value.Text("restart"));
                Assert.Matches(@"^[\d.]+$", service.Value.Text("deploy", "resources", "limits", "cpus"));
                Assert.Matches(@"^\d+M$", service.Value.Text("deploy", "resources", "limits", "memory"));
                Assert.Matches(@"^[1-9]\d*$", service.Value.Text("user"));
                Assert.Equal("ALL", service.Value.Text("cap_drop", "0"));
            });
    }

    [Fact]
    public async Task Readiness_OfOurServices_IsTheirHealthPage()
    {
        var services = await ServicesAsync();

        Assert.All(Published.Services, name => Assert.Contains("127.0.0.1/8080 && printf 'GET /health ", services[name].Text("healthcheck", "test", "3"), StringComparison.Ordinal));
        Assert.All(Published.Services, name => Assert.Equal("8080", services[name].Text("environment", "HTTP_PORTS")));
    }

    [Fact]
    public async Task StartOrder_WaitsUntilWhatIsNeededIsHealthy()
    {
        var services = await ServicesAsync();

        Assert.Equal(["cassandra", "kafka", "schema-registry"], services["processor"].Map("depends_on").Keys.Order());
        Assert.All(services.Values.SelectMany(service => service.Map("depends_on")), dependency => Assert.Equal("service_healthy", dependency.Value.Text("condition")));
    }

    [Fact]
    public async Task Data_OfEveryStore_AreInDeclaredVolumes()
    {
        var file = Yaml.Parse((await Full.Value)["docker-compose.yaml"]);

        Assert.Equal(Published.Stores, file.Map("services").Where(service => service.Value.List("volumes").Any()).Select(service => service.Key).Order());
        Assert.Equal(
            file.Map("volumes").Keys.Order(),
            file.Map("services").Values.SelectMany(service => service.List("volumes")).Select(volume => volume.Text("source")!).Distinct().Order());
        Assert.Equal("/home/app/data", file.Text("services", "ingest", "environment", "Data__Directory"));
        Assert.Equal("/home/app", file.Text("services", "ingest", "volumes", "0", "target"));
    }

    [Fact]
    public async Task Secrets_AreAskedForAndNowhereWrittenDown()
    {
        var files = await Full.Value;

        Assert.All(files.Values, file => Assert.DoesNotContain(Published.Password, file, StringComparison.Ordinal));
        var secrets = (await ServicesAsync()).Values.SelectMany(service => service.Map("environment")).Where(variable => SecretName().IsMatch(variable.Key)).ToList();
        Assert.NotEmpty(secrets);
        Assert.All(secrets, variable => Assert.Matches(@"\$\{[A-Z_]+:\?[^}]+\}", ((YamlScalarNode)variable.Value).Value));
        Assert.All(EnvFile(files), line => Assert.EndsWith("=", line, StringComparison.Ordinal));
        Assert.Contains("POSTGRES_PASSWORD=", EnvFile(files));
        Assert.Contains("API_TOKEN=", EnvFile(files));
    }

    // A variable without value would reach the service as an empty text.
    [Fact]
    public async Task Variables_OfTheEnvironment_HaveADefaultOrAreAskedFor()
    {
        var services = await ServicesAsync();

        Assert.Equal("${USERS_PER_RUN:-200}", services["ingest"].Text("environment", "Ingest__UsersPerRun"));
        Assert.All(
            services.Values.SelectMany(service => service.Map("environment")),
            variable => Assert.DoesNotMatch(@"\$\{[A-Z0-9_]+\}", ((YamlScalarNode)variable.Value).Value!));
    }

    [Fact]
    public async Task Ports_OfThisMachine_AreTheDashboardsOnly()
    {
        Assert.Equal(
            ["dashboard 5080:8080"],
            (await ServicesAsync()).SelectMany(service => service.Value.List("ports").Select(port => $"{service.Key} {((YamlScalarNode)port).Value}")));
    }

    [Fact]
    public async Task EmbeddedProfile_IsOneServiceWithItsDataInAVolume()
    {
        var services = Yaml.Parse((await Published.FilesAsync("--target", "compose"))["docker-compose.yaml"]).Map("services");

        Assert.Equal(["pipeline"], services.Keys);
        Assert.Equal("pipeline-data", services["pipeline"].Text("volumes", "0", "source"));
    }

    private static async Task<IReadOnlyDictionary<string, YamlNode>> ServicesAsync() => Yaml.Parse((await Full.Value)["docker-compose.yaml"]).Map("services");

    private static IEnumerable<string> EnvFile(IReadOnlyDictionary<string, string> files) =>
        files[".env"].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => !line.StartsWith('#'));

    [GeneratedRegex("password|token.*value|secret|key$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
