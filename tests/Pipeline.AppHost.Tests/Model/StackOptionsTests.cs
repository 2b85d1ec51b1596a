using Microsoft.Extensions.Configuration;

namespace Pipeline.AppHost.Tests.Model;

public sealed class StackOptionsTests
{
    [Theory]
    [InlineData("profile", "big", "--profile is 'big'; it must be one of auto, embedded, full.")]
    [InlineData("kafka-mode", "3", "--kafka-mode is '3'; it must be one of zookeeper, kraft.")]
    [InlineData("target", "moon", "--target is 'moon'; it must be one of manifest, compose, kubernetes.")]
    [InlineData("kafka-ui", "maybe", "--kafka-ui is 'maybe'; it must be one of true, false.")]
    public void Option_ThatIsNoChoice_IsNamedWithItsValue(string key, string value, string error)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build();

        StackOptions.Read(configuration, out var errors);

        Assert.Equal([error], errors);
    }

    [Theory]
    [InlineData("true", "cassandra", "kafka", "postgres")]
    [InlineData("false", "kafka", "postgres")]
    public void Servers_OfTheFullProfile_AreThoseOfTheOptions(string cassandra, params string[] servers)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("cassandra", cassandra)]).Build();

        Assert.Equal(servers, StackOptions.Read(configuration, out _).Servers.Order());
    }

    [Theory]
    [InlineData("2026-11-25T23:00:00.1234567Z 23:00:00 in 20/s", "23:00:00 in 20/s")]
    [InlineData("2026-11-25T23:00:00.1234567Z", "")]
    [InlineData("Pipeline 1.0", "Pipeline 1.0")]
    [InlineData("  Data /data", "  Data /data")]
    [InlineData("", "")]
    public void Line_OfTheOrchestratorsLog_IsShownWithoutItsTime(string line, string shown) => Assert.Equal(shown, EmbeddedConsole.WithoutTimestamp(line));

    [Theory]
    [InlineData(true, "--profile", "full")]
    [InlineData(true, "--kafka-ui=false")]
    [InlineData(true, "--Parameters:users-per-run=7")]
    [InlineData(false, "--ConnectionStrings:kafka=broker:9092")]
    [InlineData(true, "--operation", "publish")]
    [InlineData(true)]
    [InlineData(false, "status")]
    [InlineData(false, "run", "--urls", "http://localhost:5081")]
    public void Arguments_AreForAspire_WhenTheyChooseResources(bool expected, params string[] arguments) =>
        Assert.Equal(expected, AppHostArguments.AreForAspire(arguments));

    [Theory]
    [InlineData("--operation publish", true)]
    [InlineData("--operation=publish --step deploy", true)]
    [InlineData("--operation publish --step diagnostics", false)]
    [InlineData("--publisher manifest", false)]
    [InlineData("--profile full", false)]
    public void Target_OfFilesToPublish_HasToBeNamed(string arguments, bool needed) => Assert.Equal(needed, AppHostArguments.NeedTarget(arguments.Split(' ')));

    [Theory]
    [InlineData("--publisher manifest --output-path m.json", "--publisher manifest --output-path m.json --step publish-manifest")]
    [InlineData("--publisher=manifest", "--publisher=manifest --step publish-manifest")]
    [InlineData("--publisher manifest --step diagnostics", "--publisher manifest --step diagnostics")]
    [InlineData("--operation publish", "--operation publish")]
    public void Manifest_AskedForByItsPublisherAlone_IsTheOnlyStep(string given, string expected) =>
        Assert.Equal(expected.Split(' '), AppHostArguments.WithManifestStep(given.Split(' ')));
}
