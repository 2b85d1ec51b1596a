using System.Text.Json;
using System.Text.RegularExpressions;
using TempDirectory = Pipeline.Testing.TempDirectory;

namespace Pipeline.AppHost.Tests.Model;

/// <summary>What deployment tools read (<c>azd</c>): the manifest.</summary>
public sealed partial class ManifestTests
{
    // Published once: it does not change.
    private static readonly Lazy<Task<JsonElement>> Full = new(() => PublishAsync("--profile", "full", "--cassandra", "true"));

    [Fact]
    public async Task Manifest_Default_IsOneServiceWithItsTokenAsked()
    {
        var resources = await PublishAsync();

        Assert.Equal(["api-token", "pipeline"], resources.EnumerateObject().Select(resource => resource.Name).Order());
        Assert.Equal("{api-token.value}", Environment(resources, "pipeline", "Security__Tokens__0__Value"));
    }

    [Fact]
    public async Task Manifest_FullProfile_HasTheStackWithoutTheToolsOfOneMachine()
    {
        var resources = await Full.Value;

        var names = resources.EnumerateObject().Select(resource => resource.Name).ToHashSet();
        Assert.Superset(new HashSet<string> { "kafka", "zookeeper", "schema-registry", "cassandra", "postgres", "ingest", "processor", "dashboard", "simulator" }, names);
        Assert.DoesNotContain("kafka-ui", names);
    }

    [Fact]
    public async Task Manifest_FullProfile_HasNoSecretInIt()
    {
        var resources = await Full.Value;

        foreach (var parameter in resources.EnumerateObject().Where(resource => resource.Value.GetProperty("type").GetString() == "parameter.v0" && IsSecret(resource.Value)))
        {
            // Only where it comes from: an input that is asked for or made at the deployment.
            Assert.Matches(@"^\{[a-z-]+\.inputs\.value\}$", parameter.Value.GetProperty("value").GetString());
        }

        var values = resources.EnumerateObject().SelectMany(resource => Values(resource.Value)).ToList();
        Assert.NotEmpty(values);
        Assert.All(
            values.Where(value => SecretName().IsMatch(value.Name)),
            value => Assert.Contains("{", value.Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Manifest_FullProfile_PinsEveryImage()
    {
        var resources = await Full.Value;

        var images = resources.EnumerateObject().Where(resource => resource.Value.TryGetProperty("image", out _)).Select(resource => resource.Value.GetProperty("image").GetString()!).ToList();
        Assert.NotEmpty(images);
        Assert.All(images, image => Assert.Matches(@":v?\d+\.\d+", image));
    }

    [Fact]
    public async Task Manifest_FullProfile_KeepsDataInVolumes()
    {
        var resources = await Full.Value;

        Assert.All(
            ["kafka", "zookeeper", "cassandra", "postgres"],
            name => Assert.NotEmpty(resources.GetProperty(name).GetProperty("volumes").EnumerateArray()));
    }

    [Fact]
    public async Task Manifest_ServersOfOnesOwn_AreAskedForAndNotWrittenDown()
    {
        var resources = await PublishAsync(
            "--profile", "full", "--cassandra", "true",
            "--ConnectionStrings:kafka=broker:9092", "--ConnectionStrings:cassandra=node:9042", "--ConnectionStrings:postgres=Host=db;Password=tell-nobody", "--ConnectionStrings:schema-registry=http://registry:8081");

        Assert.DoesNotContain("tell-nobody", resources.GetRawText(), StringComparison.Ordinal);
        Assert.True(IsSecret(resources.GetProperty("postgres")));
        Assert.DoesNotContain(resources.EnumerateObject(), resource => resource.Value.TryGetProperty("image", out _));
    }

    [Fact]
    public async Task Manifest_FullProfileWithoutCassandra_IsRefused()
    {
        var (code, output) = await AppHostProcess.RunAsync("--publisher", "manifest", "--output-path", "unused.json", "--profile", "full", "--cassandra", "false");

        Assert.Equal(3, code);
        Assert.Contains("Cassandra", output, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> PublishAsync(params string[] arguments)
    {
        using var folder = new TempDirectory();
        var path = Path.Combine(folder.FullPath, "aspire-manifest.json");

        var (code, output) = await AppHostProcess.RunAsync(["--publisher", "manifest", "--output-path", path, .. arguments]);

        Assert.True(code == 0 && File.Exists(path), output);
        return JsonDocument.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).RootElement.GetProperty("resources").Clone();
    }

    private static string? Environment(JsonElement resources, string name, string variable) =>
        resources.GetProperty(name).GetProperty("env").GetProperty(variable).GetString();

    private static bool IsSecret(JsonElement parameter) =>
        parameter.GetProperty("inputs").GetProperty("value").TryGetProperty("secret", out var secret) && secret.GetBoolean();

    private static IEnumerable<(string Name, string Value)> Values(JsonElement resource) => resource.TryGetProperty("env", out var variables)
        ? variables.EnumerateObject().Select(variable => (variable.Name, variable.Value.GetString()!))
        : [];

    [GeneratedRegex("password|token.*value|secret|key$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
