namespace Pipeline.AppHost.Tests.Publishing.Without;

/// <summary>A build without Aspire's publishers.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task Publish_ToATargetThatThisBuildCannotWrite_SaysWhatItLacks()
    {
        var (code, output) = await AppHostProcess.RunAsync("--operation", "publish", "--target", "compose", "--output-path", "unused");

        Assert.Equal(3, code);
        Assert.Contains("--target compose needs a build with Aspire.Hosting.Docker", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists("unused"));
    }
}
