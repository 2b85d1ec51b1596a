using System.Globalization;
using Pipeline.EndToEnd.Kit;
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

        var inFlight = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, $"--Activity:Seed={seed % 1000 + kill}"]);
            if (random.Next(2) == 0)
            {
                // On a busy machine a kill after a set time would only ever meet a process that starts; half of them meet one that appends.
                var started = await pipeline.StatusAsync();
                await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Ends > started.Ends, TimeSpan.FromSeconds(60));
            }

            await Task.Delay(random.Next(50, 2500), TestContext.Current.CancellationToken);
            Assert.False(pipeline.HasExited, pipeline.Errors);
            inFlight += (await pipeline.StatusAsync()).Lag > 0 ? 1 : 0;
            await pipeline.KillAsync();
        }

        // One more, until something of every kind was seen, so that how much there is to compare does not depend on the machine.
        await using (var busy = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, $"--Activity:Seed={seed % 1000 + kills}"]))
        {
            await Eventually.TrueAsync(async () => await busy.StatusAsync() is { Stored: > 0, DeadLettered: > 0, Late: > 0, Duplicate: > 0 }, TimeSpan.FromSeconds(120));
            await busy.KillAsync();
        }

        await using var last = await PipelineProcess.StartAsync(directory.FullPath, Load.Quiet);
        var quiet = await last.QuietAsync();
        Assert.Equal(0, await last.StopAsync());

        var expected = await ResultCheck.EqualsBruteForceAsync(directory.FullPath, Load.OutOfOrderness, Load.Lateness, Load.SessionGap);
        output.WriteLine(quiet.ToString());
        Assert.Equal(quiet.Consumed, quiet.Stored + quiet.DeadLettered + quiet.Late + quiet.Duplicate);
        Assert.All(
            [expected.Stored.Count, expected.DeadLetters.Count, expected.Late.Count, expected.Counters.Values.Sum(c => c.Duplicate)],
            n => Assert.True(n > 0, "a kind of outcome is missing"));
        output.WriteLine($"{inFlight} of {kills} kills met records that were appended and not yet in the results");
        Assert.True(inFlight > 0, "no kill met records under way: they prove nothing");
    }

    private static int Setting(string name, int otherwise)
        => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
