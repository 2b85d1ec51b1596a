using System.Globalization;
using Pipeline.EndToEnd.Tests.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>
/// The master test: the real process is killed at random moments and started again, and in the end every row and window equals
/// a brute-force computation over the log. PIPELINE_KILLS sets how often (default 20), PIPELINE_SEED repeats a run.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Process_KilledAndStartedAgain_GoesOnWithoutWaitingForALease()
    {
        using var directory = new TempDirectory();
        await using (var killed = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, "--RecordLog:SessionTimeout=1h"]))
        {
            await Eventually.TrueAsync(async () => (await killed.StatusAsync()).Stored > 0);
            await killed.KillAsync();
        }

        await using var next = await PipelineProcess.StartAsync(directory.FullPath, Load.Quiet);

        await Eventually.TrueAsync(async () => await next.StatusAsync() is { Lag: 0, Stored: > 0 });
    }

    [Fact]
    public async Task Process_KilledAtRandomMoments_EveryRowAndWindowIsAsIfItNeverDied()
    {
        var kills = Setting("PIPELINE_KILLS", 20);
        var seed = Setting("PIPELINE_SEED", Random.Shared.Next());
        output.WriteLine($"{kills} kills, PIPELINE_SEED={seed}");
        var random = new Random(seed);
        using var directory = new TempDirectory();

        for (var kill = 0; kill < kills; kill++)
        {
            await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, $"--Activity:Seed={seed % 1000 + kill}"]);
            await Task.Delay(random.Next(50, 2500), TestContext.Current.CancellationToken);
            Assert.False(pipeline.HasExited, pipeline.Errors);
            await pipeline.KillAsync();
        }

        await using var last = await PipelineProcess.StartAsync(directory.FullPath, Load.Quiet);
        var quiet = await last.QuietAsync();
        Assert.Equal(0, await last.StopAsync());

        var expected = await ResultCheck.EqualsBruteForceAsync(directory.FullPath, Load.OutOfOrderness, Load.Lateness, Load.SessionGap);
        output.WriteLine(quiet.ToString());
        Assert.Equal(quiet.Consumed, quiet.Stored + quiet.DeadLettered + quiet.Late + quiet.Duplicate);
        Assert.All(
            [expected.Stored.Count, expected.DeadLetters.Count, expected.Late.Count, expected.Counters.Values.Sum(c => c.Duplicate)],
            n => Assert.True(n > 0, "the run was too tame to prove anything"));
    }

    private static int Setting(string name, int otherwise)
        => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
