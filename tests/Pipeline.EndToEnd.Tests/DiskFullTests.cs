using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

public sealed class DiskFullTests
{
    private const int DiskMegabytes = 24;
    private const int FillerMegabytes = 16;

    [Fact]
    public async Task Disk_FillsWhileRunning_ThePipelineWaitsAndGoesOnWhenThereIsRoom()
    {
        using var directory = new TempDirectory();
        var filler = directory.File("filler");
        await using var pipeline = await PipelineProcess.StartAsync(
            directory.File("data"),
            ["--Ingest:Interval=1s", "--Ingest:UsersPerRun=2000", "--Activity:Enabled=false"],
            MountNamespace.With($"mount -t tmpfs -o size={DiskMegabytes}m tmpfs {directory.FullPath} && head -c {FillerMegabytes}M /dev/zero > {filler}"));

        await Eventually.TrueAsync(() => pipeline.Errors.Contains("full", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        var full = await pipeline.StatusAsync();
        Assert.False(pipeline.HasExited);
        File.Delete(MountNamespace.Inside(pipeline, filler));

        // Until the little room that there was before is used up too, it has more to store than it had.
        await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Stored > full.Stored, TimeSpan.FromSeconds(60));
        var after = await pipeline.StatusAsync();
        Assert.Equal(after.Consumed, after.Stored + after.DeadLettered + after.Late + after.Duplicate);
        Assert.Equal(0, await pipeline.StopAsync());
    }
}
