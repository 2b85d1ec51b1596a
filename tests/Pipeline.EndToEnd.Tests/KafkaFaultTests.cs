using System.Globalization;
using Pipeline.EndToEnd.Tests.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>
/// The master test on real Kafka: brokers, ZooKeeper and processes are killed and stopped in the middle of load, and in the end every row,
/// window and session equals a brute-force computation over the topics. PIPELINE_FAULTS sets how many faults (default 5), PIPELINE_SEED repeats a run.
/// </summary>
public sealed class KafkaFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Servers_KilledAndStoppedAtRandomMoments_EveryRowAndWindowIsAsIfNothingHappened()
    {
        var servers = Servers.Find();
        await servers.ResetTopicsAsync();
        var (faults, random, seed) = Plan();
        using var directory = new TempDirectory();
        string[] kafka = [$"--ConnectionStrings:kafka={servers.Kafka}", "--Kafka:SessionTimeout=00:00:06"];
        string[] kinds = ["kill pipeline", "kill kafka", "pause kafka", "kill zookeeper", "restart kafka"];
        var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. kafka]);
        try
        {
            for (var i = 0; i < faults; i++)
            {
                await Task.Delay(random.Next(1000, 4000), Stop);
                Assert.False(pipeline.HasExited, pipeline.Errors);

                // Each kind once before chance decides.
                var kind = kinds[i < kinds.Length ? i : random.Next(kinds.Length)];
                output.WriteLine($"{i}: {kind}");
                if (kind == "kill pipeline")
                {
                    await pipeline.KillAsync();
                    await pipeline.DisposeAsync();
                    pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. kafka, $"--Activity:Seed={(seed % 1000) + i + 1}"]);
                }
                else
                {
                    await StrikeAsync(servers, kind, random);
                }
            }

            Assert.False(pipeline.HasExited, pipeline.Errors);
            await EndsWellAsync(pipeline, directory, kafka);
        }
        finally
        {
            await pipeline.DisposeAsync();
            await servers.RunAsync("up", "kafka");
        }
    }

    [Fact]
    public async Task Processors_JoiningLeavingAndKilled_EveryRowAndWindowIsAsIfThereWereOne()
    {
        var servers = Servers.Find();
        await servers.ResetTopicsAsync();
        var (faults, random, _) = Plan();
        using var directory = new TempDirectory();
        string[] kafka = [$"--ConnectionStrings:kafka={servers.Kafka}", "--Kafka:SessionTimeout=00:00:06"];
        var others = new List<PipelineProcess>();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. kafka]);
        try
        {
            for (var i = 0; i < faults; i++)
            {
                if (others.Count < 2)
                {
                    others.Add(PipelineProcess.LaunchProcessor(directory.FullPath, [.. Load.Settings, .. kafka]));
                }
                else
                {
                    var one = others[random.Next(others.Count)];
                    Assert.False(one.HasExited, one.Output + one.Errors);
                    output.WriteLine($"{i}: a processor leaves");
                    await (random.Next(2) == 0 ? one.KillAsync() : one.StopAsync());
                    others.Remove(one);
                    await one.DisposeAsync();
                }

                await Task.Delay(random.Next(2000, 5000), Stop);
                Assert.False(pipeline.HasExited, pipeline.Errors);
            }

            foreach (var one in others)
            {
                Assert.Equal(0, await one.StopAsync());
            }

            await EndsWellAsync(pipeline, directory, kafka);
        }
        finally
        {
            foreach (var one in others)
            {
                await one.DisposeAsync();
            }
        }
    }

    private static async Task StrikeAsync(Servers servers, string kind, Random random)
    {
        switch (kind)
        {
            case "kill kafka":
                await servers.RunAsync("kill", "kafka");
                await Task.Delay(random.Next(500, 4000), Stop);
                break;
            case "pause kafka":
                await servers.RunAsync("pause", "kafka");
                await Task.Delay(random.Next(2000, 12_000), Stop);
                await servers.RunAsync("resume", "kafka");
                break;
            case "kill zookeeper":
                await servers.RunAsync("kill", "zookeeper");
                await Task.Delay(random.Next(500, 4000), Stop);
                await servers.RunAsync("up", "zookeeper");
                break;
            default:
                await servers.RunAsync("restart", "kafka");
                break;
        }

        await servers.RunAsync("up", "kafka");
    }

    /// <summary>Stops the load, lets everything be processed, and compares.</summary>
    private async Task EndsWellAsync(PipelineProcess busy, TempDirectory directory, string[] kafka)
    {
        await Task.Delay(1000, Stop);
        Assert.Equal(0, await busy.StopAsync());
        await using var last = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Quiet, .. kafka]);
        var quiet = await last.QuietAsync(Patience);
        Assert.Equal(0, await last.StopAsync());

        var expected = await ResultCheck.EqualsBruteForceAsync(directory.FullPath, Load.OutOfOrderness, Load.Lateness, Load.SessionGap, kafka);
        output.WriteLine(quiet.ToString());
        Assert.Equal(quiet.Consumed, quiet.Stored + quiet.DeadLettered + quiet.Late + quiet.Duplicate);
        Assert.All([expected.Stored.Count, expected.DeadLetters.Count, expected.Late.Count], n => Assert.True(n > 0, "the run was too tame to prove anything"));
    }

    private (int Faults, Random Random, int Seed) Plan()
    {
        var faults = Setting("PIPELINE_FAULTS", 5);
        var seed = Setting("PIPELINE_SEED", Random.Shared.Next());
        output.WriteLine($"{faults} faults, PIPELINE_SEED={seed}");
        return (faults, new Random(seed), seed);
    }

    private static int Setting(string name, int otherwise)
        => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
