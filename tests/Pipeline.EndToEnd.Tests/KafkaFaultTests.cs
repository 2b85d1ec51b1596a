using System.Globalization;
using Pipeline.EndToEnd.Tests.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>
/// The master test on real Kafka: the broker, ZooKeeper and processes are killed and stopped in the middle of load, and in the end every row,
/// window and session equals a brute-force computation over the topics. PIPELINE_FAULTS sets how many faults, PIPELINE_SEED repeats a run.
/// </summary>
public sealed class KafkaFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // The first two are what a short run sees.
    private static readonly string[] Kinds =
        ["kill kafka", "pause kafka", "kill pipeline", "kill zookeeper", "restart kafka", "pause pipeline", "pause zookeeper"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Servers_KilledAndStoppedAtRandomMoments_EveryRowAndWindowIsAsIfNothingHappened()
    {
        await using var servers = await OwnServers.StartAsync("kafka");
        var kafka = await SettingsAsync(servers);
        var (faults, random, seed) = Plan(otherwise: 2);
        using var directory = new TempDirectory();
        var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. kafka]);
        try
        {
            for (var i = 0; i < faults; i++)
            {
                await Task.Delay(random.Next(1000, 4000), Stop);

                // Each kind once before chance decides.
                var kind = Kinds[i < Kinds.Length ? i : random.Next(Kinds.Length)];
                output.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {i}: {kind}");
                if (kind == "kill pipeline")
                {
                    await pipeline.KillAsync();
                    await pipeline.DisposeAsync();
                    pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. kafka, $"--Activity:Seed={(seed % 1000) + i + 1}"]);
                }
                else
                {
                    await StrikeAsync(servers, pipeline, kind, random);
                }

                Assert.False(pipeline.HasExited, pipeline.Output + pipeline.Errors);
            }

            await EndsWellAsync(pipeline, directory, kafka);
        }
        catch when (Note(pipeline))
        {
            throw;
        }
        finally
        {
            await pipeline.DisposeAsync();
        }
    }

    [Fact]
    public async Task Processors_JoiningLeavingAndKilled_EveryRowAndWindowIsAsIfThereWereOne()
    {
        await using var servers = await OwnServers.StartAsync("kafka");
        var kafka = await SettingsAsync(servers);
        var (faults, random, _) = Plan(otherwise: 3);
        using var directory = new TempDirectory();
        var others = new List<PipelineProcess>();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. kafka]);
        try
        {
            for (var i = 0; i < faults; i++)
            {
                if (others.Count < 2)
                {
                    output.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {i}: a processor joins");
                    var one = PipelineProcess.LaunchProcessor(directory.FullPath, [.. Load.Settings, .. kafka]);
                    others.Add(one);

                    // One that is stopped while it still starts says so with its exit code.
                    await Eventually.TrueAsync(() => one.Output.Contains("Application started", StringComparison.Ordinal), Patience);
                }
                else
                {
                    var one = others[random.Next(others.Count)];
                    Assert.False(one.HasExited, one.Output + one.Errors);
                    var kill = random.Next(2) == 0;
                    output.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {i}: a processor {(kill ? "is killed" : "leaves")}");
                    await (kill ? one.KillAsync() : one.StopAsync());
                    others.Remove(one);
                    await one.DisposeAsync();
                }

                await Task.Delay(random.Next(2000, 5000), Stop);
                Assert.False(pipeline.HasExited, pipeline.Output + pipeline.Errors);
            }

            foreach (var one in others)
            {
                Assert.Equal(0, await one.StopAsync());
            }

            await EndsWellAsync(pipeline, directory, kafka);
        }
        catch when (Note(pipeline))
        {
            throw;
        }
        finally
        {
            foreach (var one in others)
            {
                await one.DisposeAsync();
            }
        }
    }

    /// <summary>What leads a process to the brokers. A member that was killed is missed soon.</summary>
    private static async Task<string[]> SettingsAsync(OwnServers servers)
        => [$"--ConnectionStrings:kafka={await servers.AddressAsync("kafka")}", "--Kafka:SessionTimeout=00:00:06"];

    private static async Task StrikeAsync(OwnServers servers, PipelineProcess pipeline, string kind, Random random)
    {
        var (what, server) = (kind.Split(' ')[0], kind.Split(' ')[1]);
        switch (what)
        {
            case "kill":
                await servers.KillAsync(server);
                await Task.Delay(random.Next(500, 4000), Stop);
                await servers.UpAsync(server);
                break;
            case "restart":
                await servers.RestartAsync(server);
                break;

            // Longer than the session timeout or not.
            case "pause" when server == "pipeline":
                pipeline.Pause();
                await Task.Delay(random.Next(2000, 12_000), Stop);
                pipeline.Resume();
                break;
            default:
                await servers.PauseAsync(server);
                await Task.Delay(random.Next(2000, 12_000), Stop);
                await servers.ResumeAsync(server);
                break;
        }

        await servers.UpAsync("kafka");
    }

    /// <summary>Stops the load, lets everything be processed, and compares.</summary>
    private async Task EndsWellAsync(PipelineProcess busy, TempDirectory directory, string[] kafka)
    {
        // Something of every kind first, so that how much there is to compare does not depend on the machine.
        await Eventually.TrueAsync(async () => await busy.StatusAsync() is { Stored: > 0, DeadLettered: > 0, Late: > 0, Duplicate: > 0 }, Patience);
        Assert.Equal(0, await busy.StopAsync());
        await using var last = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Quiet, .. kafka]);
        var quiet = await last.QuietAsync(Patience);
        Assert.Equal(0, await last.StopAsync());

        var expected = await ResultCheck.EqualsBruteForceAsync(directory.FullPath, Load.OutOfOrderness, Load.Lateness, Load.SessionGap, kafka);
        output.WriteLine(quiet.ToString());
        Assert.Equal(quiet.Consumed, quiet.Stored + quiet.DeadLettered + quiet.Late + quiet.Duplicate);
        Assert.All([expected.Stored.Count, expected.DeadLetters.Count, expected.Late.Count], n => Assert.True(n > 0, "the run was too tame to prove anything"));
    }

    /// <summary>Called before anything is cleaned up.</summary>
    private bool Note(PipelineProcess pipeline)
    {
        output.WriteLine(pipeline.Output + pipeline.Errors);
        return true;
    }

    private (int Faults, Random Random, int Seed) Plan(int otherwise)
    {
        var faults = Setting("PIPELINE_FAULTS", otherwise);
        var seed = Setting("PIPELINE_SEED", Random.Shared.Next());
        output.WriteLine($"{faults} faults, PIPELINE_SEED={seed}");
        return (faults, new Random(seed), seed);
    }

    private static int Setting(string name, int otherwise)
        => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
