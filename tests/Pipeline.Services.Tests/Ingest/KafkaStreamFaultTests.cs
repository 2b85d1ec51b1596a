using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Contracts;
using Pipeline.EventLog;
using Pipeline.Ingest;
using Pipeline.Scheduling;
using Pipeline.Scheduling.Metadata;
using Pipeline.Simulator;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Ingest;

/// <summary>
/// Two ingest services on one PostgreSQL and one Kafka, as on two machines (a data directory each), are killed and stopped at random, and so are the broker
/// and the database. In the end Kafka holds of every run as many events as the run counted.
/// </summary>
public sealed class KafkaStreamFaultTests(ITestOutputHelper output)
{
    private const int Runs = 48;
    private const int UsersPerRun = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2.4);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_ServicesBrokerAndDatabaseAreKilled_KafkaHoldsWhatTheRunsCounted()
    {
        await using var servers = await OwnServers.StartAsync("kafka");
        await servers.UpAsync("postgres");
        await using var simulator = await StartSimulatorAsync();
        using var directories = new TempDirectory();
        string[] settings =
        [
            $"--ConnectionStrings:kafka={await servers.AddressAsync("kafka")}", $"--ConnectionStrings:postgres={await servers.AddressAsync("postgres")};Database=airflow",
            $"--Ingest:BaseUrl={simulator.Urls.First()}/api/1.4/", "--Ingest:Interval=01:00:00", $"--Ingest:UsersPerRun={UsersPerRun}", "--Ingest:Retries=30", "--Ingest:RetryDelay=00:00:00.1",
            "--Scheduling:HeartbeatInterval=00:00:00.8", $"--Scheduling:LeaseDuration={Lease}", "--Kafka:ReplicationFactor=1",
        ];
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var looking = BuildHost(directories.FullPath, settings);
        var (backfills, dagRuns) = (looking.Services.GetRequiredService<Backfills>(), looking.Services.GetRequiredService<DagRuns>());
        var services = Enumerable.Range(0, 2).Select(i => Start(i, directories, settings)).ToList();
        var faults = new Dictionary<string, int>();
        try
        {
            var backfill = await CreateBackfillAsync(dagRuns, backfills);
            var clock = Stopwatch.StartNew();
            var next = 0;
            while (await FindAsync(backfills, backfill.Id) is not { Progress: { Queued: 0, Running: 0 } })
            {
                Assert.True(clock.Elapsed < Limit, $"seed {seed}: not done within {Limit}");
                if (await FindAsync(backfills, backfill.Id) is { Progress.Success: var done } && done >= next)
                {
                    next = done + random.Next(1, 6);
                    await FaultAsync(random, servers, services, faults, i => Start(i, directories, settings));
                }

                for (var i = 0; i < services.Count; i++)
                {
                    if (services[i].HasExited)
                    {
                        // A start that found no database ends; whoever watches it starts it again.
                        services[i] = Start(i, directories, settings);
                    }
                }

                await Task.Delay(200, Cancellation);
            }

            output.WriteLine(string.Join(", ", faults.Select(fault => $"{fault.Value} × {fault.Key}")));
            await CheckAsync(looking, dagRuns, backfill.Id, seed);
        }
        finally
        {
            services.ForEach(Kill);
        }
    }

    private static async Task CheckAsync(IHost host, DagRuns dagRuns, long backfillId, int seed)
    {
        var runs = (await dagRuns.ListRunsAsync(new DagRunQuery { BackfillId = backfillId, Limit = 1000 }, Cancellation)).Items;
        Assert.Equal(Runs, runs.Count);
        Assert.All(runs, run => Assert.True(run.State == DagRunState.Success, $"seed {seed}: {run.RunId} {run.State}"));
        var events = (await ReadUsersAsync(host.Services.GetRequiredService<IRecordLog>())).ToLookup(e => e.RunId, e => e.EventId, StringComparer.Ordinal);
        foreach (var run in runs)
        {
            var account = JsonElement.Parse((await dagRuns.FindResultAsync(run.DagId, run.RunId, "stream_data", "return_value", Cancellation))!.Value);
            Assert.Equal(UsersPerRun, account.GetProperty("produced").GetInt32());

            // A try that was cut off has appended some of them before: the same ones.
            Assert.Equal(UsersPerRun, events[run.RunId].Distinct().Count());
        }

        Assert.Equal(Runs * UsersPerRun, runs.SelectMany(run => events[run.RunId]).Distinct().Count());
    }

    private static async Task FaultAsync(Random random, OwnServers servers, List<Process> services, Dictionary<string, int> faults, Func<int, Process> start)
    {
        var victim = random.Next(services.Count);
        var fault = random.Next(10) switch { < 4 => "service killed", < 6 => "service stopped beyond its lease", < 8 => "broker killed", _ => "database killed" };
        faults[fault] = faults.GetValueOrDefault(fault) + 1;
        switch (fault)
        {
            case "service killed":
                Kill(services[victim]);
                services[victim] = start(victim);
                break;
            case "service stopped beyond its lease":
                Signal(services[victim], "-STOP");
                await Task.Delay(Lease * 1.5, Cancellation);
                Signal(services[victim], "-CONT");
                break;
            case "broker killed":
                await servers.KillAsync("kafka");
                await UpAsync(servers, "kafka");
                break;
            default:
                await servers.KillAsync("postgres");
                await UpAsync(servers, "postgres");
                break;
        }
    }

    /// <summary>A server does not start while processes of the killed one are still there.</summary>
    private static async Task UpAsync(OwnServers servers, string name)
        => await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await servers.UpAsync(name);
                    return true;
                }
                catch (Xunit.Sdk.XunitException)
                {
                    return false;
                }
            },
            TimeSpan.FromMinutes(2));

    private static async Task<Backfill> CreateBackfillAsync(DagRuns dagRuns, Backfills backfills)
    {
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return await dagRuns.FindDagAsync("kafka_stream", Cancellation) is not null;
                }
                catch (MetadataStoreException)
                {
                    // The tables are not there yet.
                    return false;
                }
            },
            TimeSpan.FromMinutes(2));
        var from = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return await backfills.CreateAsync(
            new BackfillRequest { DagId = "kafka_stream", From = from, To = from.AddHours(Runs - 1), MaxActiveRuns = 4 }, new Actor("test", Via: TriggeredBy.Test), Cancellation);
    }

    private static async Task<Backfill?> FindAsync(Backfills backfills, long id)
    {
        try
        {
            return await backfills.FindAsync(id, Cancellation);
        }
        catch (MetadataStoreException e) when (e.IsTransient)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<(string RunId, string EventId)>> ReadUsersAsync(IRecordLog log)
    {
        var events = new List<(string, string)>();
        foreach (var partition in (await log.DescribeAsync(Cancellation)).Where(p => p.TopicPartition.Topic == Topics.Users))
        {
            for (var offset = partition.Start; offset < partition.HighWatermark;)
            {
                using var batch = await log.FetchAsync(new Position(partition.TopicPartition, offset), 10_000, Cancellation);
                for (var i = 0; i < batch.Count; i++)
                {
                    var json = JsonElement.Parse(batch.Value(i));
                    events.Add((json.GetProperty("run_id").GetString()!, json.GetProperty("event_id").GetString()!));
                }

                offset = batch.NextOffset;
            }
        }

        return events;
    }

    /// <summary>A process that operates the DAGs and reads the log, and runs nothing.</summary>
    private static IHost BuildHost(string directory, string[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddCommandLine([.. settings, $"--Data:Directory={Path.Combine(directory, "looking")}"]);
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddEventLog();
        builder.AddIngestDags();
        builder.AddSchedulingQueries();
        return builder.Build();
    }

    private static async Task<WebApplication> StartSimulatorAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddSimulator();
        var app = builder.Build();
        app.MapSimulator();
        await app.StartAsync(Cancellation);
        return app;
    }

    private static Process Start(int number, TempDirectory directories, string[] settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "Pipeline.Ingest.dll"), "--urls=http://127.0.0.1:0", .. settings, $"--Data:Directory={Path.Combine(directories.FullPath, $"machine-{number}")}"])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }

    private static void Signal(Process process, string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{process.Id}"]);
        kill.WaitForExit();
    }
}
