namespace Pipeline.AppHost.Tests;

/// <summary>The command line is the pipeline's own on every package feed.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task Help_OnAnyFeed_IsThatOfThePipeline()
    {
        var (code, output) = await AppHostProcess.RunAsync("--help");

        Assert.Equal(0, code);
        Assert.Contains("status", output, StringComparison.Ordinal);
        Assert.Contains("replay", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownCommand_OnAnyFeed_IsRefusedAsByThePipeline()
    {
        var (code, output) = await AppHostProcess.RunAsync("nonsense");

        Assert.Equal(2, code);
        Assert.Contains("nonsense", output, StringComparison.Ordinal);
    }
}
