using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>
/// The master test on real Kafka, in long runs with a schema registry (values are Avro then): the broker, ZooKeeper, the registry and processes are killed and stopped in the middle of load, and in
/// the end every row, window and session equals a brute-force computation over the topics. PIPELINE_FAULTS sets how many faults, PIPELINE_SEED repeats a run.
/// </summary>
public sealed class KafkaFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // The first two are what a short run sees; it has no registry, which takes long to start on a busy machine.
    private static readonly string[] Kinds =
        ["kill kafka", "pause kafka", "kill registry", "kill pipeline", "kill zookeeper", "restart kafka", "pause pipeline", "pause registry", "pause zookeeper"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Servers_KilledAndStoppedAtRandomMoments_EveryRowAndWindowIsAsIfNothingHappened()
    {
        await using var servers = await OwnServers.StartAsync("kafka");
        var kafka = await SettingsAsync(servers);
        if (FaultRun.IsLong)
        {
            await servers.UpAsync("registry");
            kafka = [.. kafka, $"--ConnectionStrings:schema-registry={await servers.AddressAsync("schema-registry")}", "--SchemaRegistry:Format=Avro"];
        }

        var plan = FaultRun.Plan(output, otherwise: 2);
        var (faults, random, seed) = (plan.Faults, plan.Random, plan.Seed);
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
                    await plan.StrikeAsync(servers, pipeline, kind);
                    await servers.UpAsync("kafka");
                }

                Assert.False(pipeline.HasExited, pipeline.Output + pipeline.Errors);
            }

            await plan.EndsWellAsync(pipeline, directory, kafka);
        }
        catch when (plan.Note(pipeline))
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
        var plan = FaultRun.Plan(output, otherwise: 3);
        var (faults, random) = (plan.Faults, plan.Random);
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

            await plan.EndsWellAsync(pipeline, directory, kafka);
        }
        catch when (plan.Note(pipeline))
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
}
