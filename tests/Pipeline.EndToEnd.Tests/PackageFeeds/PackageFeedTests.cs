using System.Xml.Linq;

namespace Pipeline.EndToEnd.Tests.PackageFeeds;

/// <summary>What the build does on feeds with and without the packages that not every feed carries.</summary>
public sealed class PackageFeedTests : IDisposable
{
    private const string Aspire = "PIPE0001";
    private const string Cassandra = "PIPE0002";
    private const string CassandraPackage = "CassandraCSharpDriver";
    private static readonly string[] Platforms = ["linux-x64", "linux-arm64", "linux-musl-x64", "osx-x64", "osx-arm64", "win-x64", "win-arm64"];
    private static readonly string[] PublisherPackages = ["Aspire.Hosting.Docker", "Aspire.Hosting.Kubernetes"];
    private readonly FeedSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Theory]
    [InlineData("restore")]
    [InlineData("build")]
    [InlineData("build", "tests/App")]
    public async Task Command_FeedWithoutPackages_WarnsOnceForEachCapability(params string[] command)
    {
        var result = await _sandbox.DotnetAsync(command);

        Assert.True(result.ExitCode == 0, result.Output);
        Assert.Equal([Aspire, Cassandra], result.Warnings);
        Assert.Contains("does not carry CassandraCSharpDriver", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_FeedWithOneCapability_UsesItAndWarnsOfTheOther()
    {
        _sandbox.AddPackage(CassandraPackage, CassandraVersion);

        var result = await _sandbox.DotnetAsync("restore");

        Assert.True(result.ExitCode == 0, result.Output);
        Assert.Equal([Aspire], result.Warnings);
        Assert.Contains(CassandraPackage + "/", _sandbox.Read("artifacts/obj/App/project.assets.json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_FeedWithAspire_WarnsOfTheOther()
    {
        // One publisher alone is of no use, and what lacks them says so when it is asked to publish.
        AddAspire([.. AspirePackages, PublisherPackages[0]]);

        Assert.Equal([Cassandra], (await _sandbox.DotnetAsync("restore")).Warnings);
        Assert.Equal("Aspire", _sandbox.Read("artifacts/feed/capabilities").Trim());
    }

    [Fact]
    public async Task Restore_FeedWithEverything_WarnsOfNothing()
    {
        AddAspire([.. AspirePackages, "Aspire.Npgsql", .. PublisherPackages]);
        _sandbox.AddPackage(CassandraPackage, CassandraVersion);

        var result = await _sandbox.DotnetAsync("restore");

        Assert.Empty(result.Warnings);
        Assert.Equal("Aspire AspireNpgsql AspirePublishers Cassandra", _sandbox.Read("artifacts/feed/capabilities").Trim());
    }

    [Fact]
    public async Task Restore_FeedWithPartOfAspire_WarnsOfBoth()
    {
        AddAspire(AspirePackages.Skip(1));

        Assert.Equal([Aspire, Cassandra], (await _sandbox.DotnetAsync("restore")).Warnings);
    }

    [Fact]
    public async Task Restore_NothingChanged_KeepsTheAnswerUntilForced()
    {
        await _sandbox.DotnetAsync("restore");
        _sandbox.AddPackage(CassandraPackage, CassandraVersion);

        Assert.Equal([Aspire, Cassandra], (await _sandbox.DotnetAsync("restore")).Warnings);
        Assert.Equal([Aspire], (await _sandbox.DotnetAsync("restore", "--force")).Warnings);
    }

    [Fact]
    public async Task Restore_ConfigurationChanged_AsksAgain()
    {
        await _sandbox.DotnetAsync("restore");
        _sandbox.AddPackage(CassandraPackage, CassandraVersion);
        _sandbox.UseFeed(_sandbox.FeedPath + Path.DirectorySeparatorChar);

        Assert.Equal([Aspire], (await _sandbox.DotnetAsync("restore")).Warnings);
    }

    [Fact]
    public async Task Restore_SourceDoesNotAnswer_SaysSoAndKeepsNoAnswer()
    {
        _sandbox.UseFeed(_sandbox.FeedPath + "-that-is-not-there");

        var result = await _sandbox.DotnetAsync("restore");

        Assert.Equal([Aspire, Cassandra], result.Warnings);
        Assert.Contains("did not answer", result.Output, StringComparison.Ordinal);
        Assert.Equal("unanswered", _sandbox.Read("artifacts/feed/key"));
    }

    [Fact]
    public async Task Restore_ForcedPartial_LeavesOutWhatTheFeedHas()
    {
        _sandbox.AddPackage(CassandraPackage, CassandraVersion);

        var result = await _sandbox.DotnetAsync("restore", "-p:PipelineFeed=partial");

        Assert.True(result.ExitCode == 0, result.Output);
        Assert.Empty(result.Warnings);
        Assert.DoesNotContain(CassandraPackage + "/", _sandbox.Read("artifacts/obj/App/project.assets.json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_ForcedFullWithoutPackages_FailsWithNuGetsError()
    {
        var result = await _sandbox.DotnetAsync("restore", "-p:PipelineFeed=full");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("error NU1101", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_ForcedToAnUnknownWord_NamesTheWord()
    {
        var result = await _sandbox.DotnetAsync("restore", "-p:PipelineFeed=most");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("error PIPE0003: PipelineFeed is 'most'", result.Output, StringComparison.Ordinal);
    }

    private string CassandraVersion => Version("PipelineCassandraVersion");

    private static IEnumerable<string> AspirePackages =>
    [
        "Aspire.Hosting.AppHost",
        "Aspire.AppHost.Sdk",
        "Aspire.Hosting.PostgreSQL",
        "Aspire.Hosting.Testing",
        .. Platforms.Select(platform => $"Aspire.Hosting.Orchestration.{platform}"),
        .. Platforms.Select(platform => $"Aspire.Dashboard.Sdk.{platform}"),
    ];

    private void AddAspire(IEnumerable<string> packages)
    {
        foreach (var package in packages)
        {
            // The SDK has versions of its own.
            _sandbox.AddPackage(package, Version(package == "Aspire.AppHost.Sdk" ? "PipelineAspireSdkVersion" : "PipelineAspireVersion"));
        }
    }

    private string Version(string property) =>
        XDocument.Parse(_sandbox.Read("Directory.Packages.props")).Descendants(property).Single().Value;
}
