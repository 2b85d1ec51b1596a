using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Pipeline.Scheduling.Metadata;
using Pipeline.Testing;

namespace Pipeline.Scheduling.Tests;

/// <summary>
/// Several scheduler processes on one PostgreSQL, of which some are killed and some stopped for longer than their lease, while the database drops all
/// connections. <c>PIPELINE_SCHEDULER_FAULT_RUNS</c> sets how many runs (1000 and more for the long form); with <c>PIPELINE_TEST_SERVERS</c> the long form
/// restarts and kills the server itself, which no other test may use meanwhile. <c>PIPELINE_SCHEDULER_FAULT_REAL=1</c> leaves the lease as it is by default
/// (30 s), stops for 60 s, and lets tasks take as much longer.
/// </summary>
public sealed class SchedulerFaultTests(ITestOutputHelper output)
{
    private const int ShortRuns = 30;

    private static TimeSpan Limit => TimeSpan.FromMinutes(Runs > ShortRuns ? 60 : 10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static int Runs => int.TryParse(Environment.GetEnvironmentVariable("PIPELINE_SCHEDULER_FAULT_RUNS"), CultureInfo.InvariantCulture, out var runs) ? runs : ShortRuns;

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Schedulers_KilledStoppedAndCutOff_EveryTaskRunsOnceAtATimeAndNoneIsLost(int instances)
    {
        await using var kit = new SchedulingKit(Backend.Postgres, withoutTables: true);
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}, {instances} schedulers, {Runs} runs");
        var random = new Random(seed);
        var host = kit.Build([]);
        var database = host.Services.GetRequiredService<MetadataDatabase>();
        await database.MigrateAsync(Cancellation);
        await database.WriteAsync(session => { session.RunScript(EffectTables); return true; }, Cancellation);
        var schedulers = Enumerable.Range(0, instances).Select(_ => SchedulerProcess.Start(kit)).ToList();
        var faults = new Dictionary<string, int> { ["kill"] = 0, ["stop"] = 0, ["database"] = 0 };
        try
        {
            await Eventually.TrueAsync(async () => await host.Services.GetRequiredService<DagRuns>().FindDagAsync("effects", Cancellation) is not null, TimeSpan.FromMinutes(2));
            for (var i = 0; i < Runs; i++)
            {
                await TriggerAsync(host.Services.GetRequiredService<DagOperations>(), $"run {i}");
            }

            // The next fault comes after some more tasks have ended, however fast the machine is: faults without progress between them would test the start alone.
            var clock = Stopwatch.StartNew();
            var next = 0L;
            while (await UnfinishedAsync(database) > 0)
            {
                Assert.True(clock.Elapsed < Limit, $"seed {seed}: {await UnfinishedAsync(database)} runs have not ended within {Limit}. {string.Join('\n', schedulers.Select(s => s.Output))}");
                StartExited(kit, schedulers);
                if (await DoneAsync(database) is var done && done >= next)
                {
                    next = done + random.Next(2, Runs > ShortRuns ? 50 : 12);
                    await FaultAsync(kit, schedulers, faults, random);
                }

                await Task.Delay(random.Next(50, 500), Cancellation);
            }
        }
        finally
        {
            schedulers.ForEach(scheduler => scheduler.Dispose());
        }

        output.WriteLine(string.Join(", ", faults.Select(fault => $"{fault.Value} × {fault.Key}")));
        await CheckAsync(database, seed);
    }

    private static string EffectTables => SchedulerProcess.EffectTables;

    /// <summary>A start that the database cut off ends the process; whoever watches it starts it again.</summary>
    private static void StartExited(SchedulingKit kit, List<SchedulerProcess> schedulers)
    {
        for (var i = 0; i < schedulers.Count; i++)
        {
            if (schedulers[i].HasExited)
            {
                schedulers[i].Dispose();
                schedulers[i] = SchedulerProcess.Start(kit);
            }
        }
    }

    private static async Task FaultAsync(SchedulingKit kit, List<SchedulerProcess> schedulers, Dictionary<string, int> faults, Random random)
    {
        var victim = random.Next(schedulers.Count);
        switch (random.Next(10))
        {
            case < 5:
                faults["kill"]++;
                schedulers[victim].Dispose();
                schedulers[victim] = SchedulerProcess.Start(kit);
                break;
            case < 8:
                faults["stop"]++;
                await schedulers[victim].StopForAsync(SchedulerProcess.IsReal ? TimeSpan.FromSeconds(60) : SchedulerProcess.Lease + TimeSpan.FromMilliseconds(random.Next(300, 1500)));
                break;
            default:
                faults["database"]++;
                await CutDatabaseAsync(kit, random);
                break;
        }
    }

    /// <summary>Restarts the server where the test has it for itself; otherwise drops every connection to this test's database.</summary>
    private static async Task CutDatabaseAsync(SchedulingKit kit, Random random)
    {
        if (Runs > ShortRuns && Environment.GetEnvironmentVariable("PIPELINE_TEST_SERVERS") is { Length: > 0 } servers)
        {
            // Killed, it starts by reading its log again, and may have forgotten nothing that was committed.
            await ControlAsync(servers, random.Next(2) == 0 ? "restart" : "kill");

            // It does not start while processes of the killed one are still there.
            await Eventually.TrueAsync(() => ControlAsync(servers, "up"), TimeSpan.FromMinutes(2));
            NpgsqlConnection.ClearAllPools();
            return;
        }

        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(kit.Settings["ConnectionStrings:postgres"]) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancellation);
        await using var cut = new NpgsqlCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", connection);
        await cut.ExecuteNonQueryAsync(Cancellation);
    }

    private static async Task<bool> ControlAsync(string servers, string command)
    {
        using var control = Process.Start(new ProcessStartInfo(servers, $"{command} postgres") { RedirectStandardOutput = true })!;
        await control.WaitForExitAsync(Cancellation);
        return control.ExitCode == 0;
    }

    private static async Task TriggerAsync(DagOperations operations, string runId)
        => await operations.TriggerAsync("effects", new TriggerRequest { RunId = runId }, SchedulingKit.Me, Cancellation);

    private static async Task<long> UnfinishedAsync(MetadataDatabase database)
    {
        try
        {
            return await database.ReadAsync(session => session.Scalar<long>("SELECT COUNT(*) FROM dag_run WHERE state IN ('queued', 'running')"), Cancellation);
        }
        catch (MetadataStoreException e) when (e.IsTransient)
        {
            return long.MaxValue;
        }
    }

    private static async Task<long> DoneAsync(MetadataDatabase database)
    {
        try
        {
            return await database.ReadAsync(session => session.Scalar<long>("SELECT COUNT(*) FROM task_instance WHERE state = 'success'"), Cancellation);
        }
        catch (MetadataStoreException e) when (e.IsTransient)
        {
            return -1;
        }
    }

    private static async Task CheckAsync(MetadataDatabase database, int seed)
    {
        await Eventually.TrueAsync(async () => await UnfinishedAsync(database) == 0, TimeSpan.FromMinutes(1));
        var states = database.Read(session => session.Query<(string, long)>("SELECT state, COUNT(*) FROM dag_run GROUP BY state"));
        Assert.True(states is [("success", var all)] && all == Runs, $"seed {seed}: {string.Join(", ", states)}");

        // Every task instance is done, and by the try that says so.
        Assert.Equal(0, database.Read(session => session.Scalar<long>(
            """
            SELECT COUNT(*) FROM task_instance t WHERE t.state <> 'success' OR NOT EXISTS (
                SELECT 1 FROM effect e WHERE e.run_id = t.run_id AND e.task_id = t.task_id AND e.try_number = t.try_number AND e.ended IS NOT NULL)
            """)));
        Assert.Equal(0, database.Read(StoreConformanceTests.CountsThatAreWrong));
        Assert.Equal(4L * Runs, database.Read(session => session.Scalar<long>("SELECT COUNT(*) FROM task_instance")));

        // Of two tries of one task instance the later began after the earlier ended, if it ever did; and a task began after those before it ended.
        Assert.Equal(0, database.Read(session => session.Scalar<long>(
            """
            SELECT COUNT(*) FROM effect one JOIN effect two ON two.run_id = one.run_id AND two.task_id = one.task_id AND two.began > one.began
            WHERE one.ended > two.began OR two.try_number <= one.try_number OR two.token < one.token
            """)));
        Assert.Equal(0, database.Read(session => session.Scalar<long>(
            """
            SELECT COUNT(*) FROM effect later
            JOIN (VALUES ('a', 'b'), ('a', 'c'), ('b', 'd'), ('c', 'd')) AS edge (upstream, downstream) ON edge.downstream = later.task_id
            WHERE NOT EXISTS (SELECT 1 FROM effect before WHERE before.run_id = later.run_id AND before.task_id = edge.upstream AND before.ended < later.began)
            """)));
    }
}
