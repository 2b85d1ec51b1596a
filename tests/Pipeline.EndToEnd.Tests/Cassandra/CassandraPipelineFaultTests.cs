using System.Diagnostics;
using System.Globalization;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests.Cassandra;

/// <summary>
/// The master test on the servers that the full profile is named for: Kafka with ZooKeeper, a schema registry (values are Avro) and Cassandra behind a proxy. Each may be
/// killed, stopped or cut off in the middle of load, processors join, leave and are killed, and in the end every row, window, session and dead letter equals a
/// brute-force computation over the topics. PIPELINE_RUNS makes several runs on the same servers, each with a comparison at its end;
/// PIPELINE_FIRST is the number of the fault that the first of them begins with.
/// </summary>
public sealed class CassandraPipelineFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = FaultRun.Patience;

    // The first two are what a short run sees; each kind comes once before chance decides.
    private static readonly string[] Kinds =
    [
        "kill cassandra", "kill pipeline", "kill registry", "pause cassandra", "cut cassandra", "join processor", "kill kafka", "pause pipeline", "hang cassandra", "kill zookeeper",
        "leave processor", "pause kafka", "pause registry", "restart kafka", "pause zookeeper",
    ];

    private const int DiskMegabytes = 24;

    // What is fetched ahead and waits for the store; the rest waits in the log.
    private const int MostGrowthMb = 256;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Servers_KilledStoppedAndCutOff_EveryEventIsInCassandraOnceAndWindowsAreAsIfNothingHappened()
    {
        await using var servers = await ServersAsync();
        await using var proxy = await FaultProxy.OpenAsync(await servers.AddressAsync("cassandra"), await servers.AddressAsync("toxiproxy"));
        var settings = await SettingsAsync(servers, proxy.Address);
        using var directory = new TempDirectory();
        var struck = FaultRun.Setting("PIPELINE_FIRST", 0);
        for (var run = 0; run < FaultRun.Setting("PIPELINE_RUNS", 1); run++)
        {
            struck = await RunAsync(FaultRun.Plan(output, otherwise: 2, run), servers, proxy, directory, settings, struck);
        }
    }

    /// <summary>Gone for long while events go on coming: they wait in the log, not in memory, and nothing is set aside for it. PIPELINE_OUTAGE is its length in seconds.</summary>
    [Fact]
    public async Task Cassandra_AwayForLong_CostsTimeOnly()
    {
        await using var servers = await ServersAsync();
        var settings = await SettingsAsync(servers, await servers.AddressAsync("cassandra"));
        var plan = FaultRun.Plan(output, otherwise: 1);
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. settings]);
        try
        {
            await Eventually.TrueAsync(async () => await pipeline.TryStatusAsync() is { Stored: > 0, DeadLettered: > 0 }, Patience);
            var before = pipeline.WorkingSetMb;
            await servers.KillAsync("cassandra");
            await Task.Delay(TimeSpan.FromSeconds(FaultRun.Setting("PIPELINE_OUTAGE", 15)), Stop);
            var after = pipeline.WorkingSetMb;
            plan.Tell($"{before} MB before, {after} MB after the outage");
            await servers.UpAsync("cassandra");
            await RecoveredAsync(plan, pipeline);
            Assert.True(after - before < MostGrowthMb, $"The process grew from {before} to {after} MB while Cassandra was away.");
            await plan.EndsWellAsync(pipeline, directory, settings);
        }
        catch when (plan.Note(pipeline))
        {
            throw;
        }
    }

    /// <summary>What a processor keeps on its own disk is not needed for results: they and its checkpoints are in the store.</summary>
    [Fact]
    public async Task Disk_OfTheProcessorIsFull_ResultsAreAsIfNothingHappened()
    {
        using var directory = new TempDirectory();
        var filler = directory.File("filler");
        var wrapper = MountNamespace.With($"mount -t tmpfs -o size={DiskMegabytes}m tmpfs {directory.FullPath}");
        await using var servers = await ServersAsync();
        var settings = await SettingsAsync(servers, await servers.AddressAsync("cassandra"));
        var plan = FaultRun.Plan(output, otherwise: 1);
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. settings], wrapper);
        try
        {
            await Eventually.TrueAsync(async () => await pipeline.TryStatusAsync() is { Stored: > 0, DeadLettered: > 0 }, Patience);
            Fill(MountNamespace.Inside(pipeline, filler));
            await Eventually.TrueAsync(() => pipeline.Errors.Contains("full", StringComparison.Ordinal), Patience);
            plan.Tell("the disk is full");
            var full = await pipeline.StatusAsync();
            for (var i = 0; i < plan.Faults; i++)
            {
                await plan.LoadAsync();
                Fill(MountNamespace.Inside(pipeline, filler + i));
            }

            await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Stored > full.Stored, Patience);
            Assert.False(pipeline.HasExited, pipeline.Output + pipeline.Errors);

            await pipeline.KillAsync();
        }
        catch when (plan.Note(pipeline))
        {
            throw;
        }

        // Its disk is gone with it: the next one has everything from the servers.
        await using var next = await PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. settings]);
        await plan.EndsWellAsync(next, directory, settings);
    }

    /// <summary>Writes until there is no room left.</summary>
    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // That is how one knows.
        }
    }

    /// <summary>
    /// Until less than a second's events wait; tells how fast that was. The status is known when Cassandra answers again. From then on only the processor is asked:
    /// every status is some questions to Cassandra, ten times a second and while it has most to do.
    /// </summary>
    private static async Task RecoveredAsync(FaultRun plan, PipelineProcess pipeline)
    {
        Status? first = null;
        await Eventually.TrueAsync(async () => (first = await pipeline.TryStatusAsync()) is not null, Patience);
        var since = Stopwatch.StartNew();
        await Eventually.TrueAsync(
            async () =>
            {
                var (next, lag) = await ProcessedAsync(pipeline);
                var seconds = since.Elapsed.TotalSeconds;
                var live = (next + lag - first!.Ends) / seconds;

                // How much is left is known of partitions that are read again, and that they are when everything from before is processed.
                if (next < first.Ends || lag > live)
                {
                    return false;
                }

                plan.Tell(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{first.Ends - first.Consumed} records waited; processed in {seconds:0.0} s, {(next - first.Consumed) / seconds:0}/s while {live:0}/s came"));
                return true;
            },
            Patience);
    }

    /// <summary>How many records the processor has processed, and how many it knows to be left, over all partitions.</summary>
    private static async Task<(long Next, long Lag)> ProcessedAsync(PipelineProcess pipeline)
    {
        var topology = await pipeline.GetAsync("/api/topology");
        var tasks = topology.GetProperty("topologies").EnumerateArray().SelectMany(t => t.GetProperty("tasks").EnumerateArray()).ToArray();
        return (tasks.Sum(t => t.GetProperty("next_offset").GetInt64()), tasks.Sum(t => t.GetProperty("lag").GetInt64()));
    }

    /// <summary>The log of one node must be on the disk before it answers, or the node itself forgets what it confirmed.</summary>
    private static async Task<OwnServers> ServersAsync()
    {
        var servers = await OwnServers.StartAsync("toxiproxy", ("SERVERS_CASSANDRA_HEAP", "512m"), ("SERVERS_CASSANDRA_COMMITLOG_SYNC", "group"));
        await Task.WhenAll(servers.UpAsync("cassandra"), servers.UpAsync("kafka"), servers.UpAsync("registry"));
        return servers;
    }

    private static async Task<string[]> SettingsAsync(OwnServers servers, string cassandra) =>
    [
        $"--ConnectionStrings:kafka={await servers.AddressAsync("kafka")}",
        $"--ConnectionStrings:cassandra={cassandra}",
        $"--ConnectionStrings:schema-registry={await servers.AddressAsync("schema-registry")}",
        "--SchemaRegistry:Format=Avro",
        "--Kafka:SessionTimeout=00:00:06",
        "--Cassandra:RequestTimeout=00:00:03",

        // Everything on two cores: what is written five times a second elsewhere would keep the node busy with nothing else, and what comes while a server is away takes long to compare.
        "--Ingest:UsersPerRun=100",
        "--Activity:EventsPerSecond=100",
        "--Processor:FlushInterval=00:00:00.200",
        "--Processor:EarlyInterval=00:00:02",
        "--Processor:CheckpointInterval=00:00:01",
    ];

    /// <returns>How many faults there were so far.</returns>
    private static async Task<int> RunAsync(FaultRun plan, OwnServers servers, FaultProxy proxy, TempDirectory directory, string[] settings, int struck)
    {
        var others = new List<PipelineProcess>();
        plan.Tell("the pipeline starts");
        var pipeline = await StartAsync(0);
        plan.Tell("it listens");
        try
        {
            for (var i = 0; i < plan.Faults; i++, struck++)
            {
                await plan.LoadAsync();
                var kind = Kinds[struck < Kinds.Length ? struck : plan.Random.Next(Kinds.Length)];
                plan.Tell($"{struck}: {kind}");
                switch (kind)
                {
                    case "kill pipeline":
                        await pipeline.KillAsync();
                        await pipeline.DisposeAsync();
                        pipeline = await StartAsync(i + 1);
                        plan.Tell("it listens again");
                        break;
                    case "join processor":
                        await JoinAsync();
                        break;
                    case "leave processor":
                        await LeaveAsync();
                        break;

                    // What is under way fails in the middle of a frame, and nobody can connect for a while.
                    case "cut cassandra":
                        await proxy.AddAsync("limit_data", "upstream", new { bytes = plan.Random.Next(1000, 100_000) });
                        await plan.LoadAsync();
                        await proxy.EnableAsync(false);
                        await plan.LoadAsync();
                        await proxy.RemoveAsync("limit_data");
                        await proxy.EnableAsync(true);
                        break;

                    // Answers are lost: what was written is not known to be.
                    case "hang cassandra":
                        await proxy.AddAsync("timeout", "downstream", new { timeout = 0 });
                        await Task.Delay(plan.Random.Next(3000, 8000), Stop);
                        await proxy.RemoveAsync("timeout");
                        break;
                    default:
                        await plan.StrikeAsync(servers, pipeline, kind);
                        break;
                }

                await servers.UpAsync("kafka");
                Assert.False(pipeline.HasExited, pipeline.Output + pipeline.Errors);
                Assert.All(others, one => Assert.False(one.HasExited, one.Output + one.Errors));
            }

            foreach (var one in others)
            {
                Assert.Equal(0, await one.StopAsync());
            }

            await plan.EndsWellAsync(pipeline, directory, settings);
            return struck;
        }
        catch when (others.Prepend(pipeline).All(plan.Note))
        {
            throw;
        }
        finally
        {
            foreach (var one in others.Append(pipeline))
            {
                await one.DisposeAsync();
            }
        }

        Task<PipelineProcess> StartAsync(int activity)
            => PipelineProcess.StartAsync(directory.FullPath, [.. Load.Busy, .. settings, $"--Activity:Seed={(plan.Seed % 100_000 * 100) + activity + 1}"]);

        async Task JoinAsync()
        {
            var one = PipelineProcess.LaunchProcessor(directory.FullPath, [.. Load.Settings, .. settings]);
            others.Add(one);

            // One that is stopped while it still starts says so with its exit code.
            await Eventually.TrueAsync(() => one.Output.Contains("Application started", StringComparison.Ordinal), Patience);
        }

        async Task LeaveAsync()
        {
            if (others.Count == 0)
            {
                await JoinAsync();
                await plan.LoadAsync();
            }

            var one = others[plan.Random.Next(others.Count)];
            await (plan.Random.Next(2) == 0 ? one.KillAsync() : one.StopAsync());
            others.Remove(one);
            await one.DisposeAsync();
        }
    }
}
