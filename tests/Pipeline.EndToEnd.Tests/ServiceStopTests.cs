using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>A service in a process of its own tells with its exit code how it ended.</summary>
public sealed class ServiceStopTests
{
    [Fact]
    public async Task Processor_StoppedWhileItWaitsForItsBrokers_EndsWithZero()
    {
        using var directory = new TempDirectory();

        // Nobody listens on the port, so the start goes on waiting.
        await using var processor = PipelineProcess.LaunchProcessor(directory.FullPath, "--ConnectionStrings:kafka=127.0.0.1:1");
        await Eventually.TrueAsync(() => processor.Output.Contains("Waiting for Kafka at 127.0.0.1:1", StringComparison.Ordinal), TimeSpan.FromSeconds(60));

        var code = await processor.StopAsync();

        Assert.True(code == 0, $"{code}\n{processor.Output}\n{processor.Errors}");
    }
}
