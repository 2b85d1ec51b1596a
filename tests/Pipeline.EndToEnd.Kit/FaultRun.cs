using System.Globalization;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Kit;

/// <summary>
/// What the fault tests of the whole program share: how many faults, from which seed, how one strikes, and the comparison at the end.
/// PIPELINE_FAULTS, PIPELINE_SEED and PIPELINE_STOP (seconds that a stop lasts at most) change the run.
/// </summary>
internal sealed class FaultRun
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private const int ShortestStop = 2000;
    private readonly ITestOutputHelper _output;
    private readonly int _longestStop = Setting("PIPELINE_STOP", 8) * 1000;

    private FaultRun(ITestOutputHelper output, int faults, int seed)
    {
        _output = output;
        (Faults, Seed, Random) = (faults, seed, new Random(seed));
    }

    /// <summary>Whether more faults were asked for than a short run has.</summary>
    public static bool IsLong => Setting("PIPELINE_FAULTS", 0) > 0;

    public int Faults { get; }

    public int Seed { get; }

    public Random Random { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="otherwise">How many faults a short run has.</param>
    /// <param name="run">Which of several runs this is; each has a seed of its own.</param>
    public static FaultRun Plan(ITestOutputHelper output, int otherwise, int run = 0)
    {
        var plan = new FaultRun(output, Setting("PIPELINE_FAULTS", otherwise), Setting("PIPELINE_SEED", Random.Shared.Next(1_000_000)) + run);
        output.WriteLine($"{plan.Faults} faults, PIPELINE_SEED={plan.Seed}");
        return plan;
    }

    public static int Setting(string name, int otherwise)
        => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    /// <summary>A moment of load.</summary>
    public Task LoadAsync() => Task.Delay(Random.Next(1000, 4000), Stop);

    /// <summary>What happens, and when.</summary>
    public void Tell(string what) => _output.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {what}");

    /// <param name="kind"><c>kill</c>, <c>restart</c> or <c>pause</c>, and a server or <c>pipeline</c>. A server that was killed is started again.</param>
    public async Task StrikeAsync(OwnServers servers, PipelineProcess pipeline, string kind)
    {
        var (what, server) = (kind.Split(' ')[0], kind.Split(' ')[1]);
        switch (what)
        {
            case "kill":
                await servers.KillAsync(server);
                await Task.Delay(Random.Next(500, 4000), Stop);
                await servers.UpAsync(server);
                break;
            case "restart":
                await servers.RestartAsync(server);
                break;

            // Longer than the session timeout or not.
            case "pause" when server == "pipeline":
                pipeline.Pause();
                await Task.Delay(StopLength, Stop);
                pipeline.Resume();
                break;
            default:
                await servers.PauseAsync(server);
                await Task.Delay(StopLength, Stop);
                await servers.ResumeAsync(server);
                break;
        }
    }

    /// <summary>Stops the load, lets everything be processed, and compares.</summary>
    public async Task EndsWellAsync(PipelineProcess busy, TempDirectory directory, string[] servers)
    {
        // Something of every kind first, so that how much there is to compare does not depend on the machine.
        await Eventually.TrueAsync(async () => await busy.TryStatusAsync() is { Stored: > 0, DeadLettered: > 0, Late: > 0, Duplicate: > 0 }, Patience);
        Tell("the load ends");
        Assert.Equal(0, await busy.StopAsync());
        await using var last = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Quiet, .. servers]);
        try
        {
            var quiet = await last.QuietAsync(Patience);
            Tell("everything is processed");
            Assert.Equal(0, await last.StopAsync());

            var expected = await ResultCheck.EqualsBruteForceAsync(directory.FullPath, Load.OutOfOrderness, Load.Lateness, Load.SessionGap, servers);
            Tell(quiet.ToString());
            Assert.Equal(quiet.Consumed, quiet.Stored + quiet.DeadLettered + quiet.Late + quiet.Duplicate);
            Assert.All([expected.Stored.Count, expected.DeadLetters.Count, expected.Late.Count], n => Assert.True(n > 0, "the run was too tame to prove anything"));
        }
        catch when (Note(last))
        {
            throw;
        }
    }

    /// <summary>Called before anything is cleaned up; always true.</summary>
    public bool Note(PipelineProcess pipeline)
    {
        _output.WriteLine(pipeline.Output + pipeline.Errors);
        return true;
    }

    private TimeSpan StopLength => TimeSpan.FromMilliseconds(Random.Next(Math.Max(ShortestStop, _longestStop / 6), _longestStop + 1));
}
