using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Scheduling;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Benchmarks.Scheduling;

/// <summary>
/// Measures whole schedulers on a database of their own, with tasks that do nothing. Prints one JSON object a line.
/// </summary>
/// <remarks>
/// <c>scheduling throughput|delay|queries|idle [--postgres CONNECTION] [--instances 1] [--runs 400] [--tasks 10] [--slots 32] [--rate 20]</c>; without
/// <c>--postgres</c> on SQLite. The database <c>pipeline_bench</c> is dropped and made anew.
/// </remarks>
internal static class SchedulingBench
{
    private static readonly Actor Me = new("bench", Via: TriggeredBy.Test);

    public static async Task RunAsync(IReadOnlyList<string> args)
    {
        var given = args.Skip(1).Chunk(2).ToDictionary(pair => pair[0].TrimStart('-'), pair => pair[1], StringComparer.OrdinalIgnoreCase);
        int Number(string name, int otherwise) => int.Parse(given.GetValueOrDefault(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
        var directory = Path.Combine(Path.GetTempPath(), $"pipeline-bench-{Guid.NewGuid():N}");
        var postgres = given.TryGetValue("postgres", out var server) ? await FreshDatabaseAsync(server) : null;
        var hosts = Enumerable.Range(0, Number("instances", 1)).Select(_ => Build(directory, postgres, Number("tasks", 10), Number("slots", 32), withApi: args is ["queries", ..])).ToList();
        try
        {
            foreach (var host in hosts)
            {
                await host.StartAsync();
            }

            var what = args.Count > 0 ? args[0] : "throughput";
            var figures = what switch
            {
                "throughput" => await ThroughputAsync(hosts, Number("runs", 400), Number("tasks", 10)),
                "delay" => await DelayAsync(hosts, Number("runs", 200), Number("rate", 20)),
                "queries" => await QueriesBench.RunAsync(hosts[0], Number("runs", 100_000)),
                "idle" => await IdleAsync(),
                _ => throw new ArgumentException($"There is no measurement '{what}'; there are throughput, delay, queries and idle.", nameof(args)),
            };
            Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>(figures)
            {
                ["what"] = what,
                ["store"] = postgres is null ? "sqlite" : "postgres",
                ["instances"] = hosts.Count,
            }));
        }
        finally
        {
            foreach (var host in hosts)
            {
                await host.StopAsync();
                await ((IAsyncDisposable)host).DisposeAsync();
            }

            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    /// <summary>All runs are queued first; the time counts from the first start of a task to the end of the last.</summary>
    private static async Task<Dictionary<string, object>> ThroughputAsync(List<IHost> hosts, int runs, int tasks)
    {
        await QueueAsync(hosts[0], "wide", runs);
        var (first, last) = await UntilDoneAsync(hosts[0]);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        return new()
        {
            ["task_instances"] = runs * tasks,
            ["seconds"] = (last - first) / 1000.0,
            ["task_instances_per_second"] = Math.Round(runs * tasks * 1000.0 / (last - first), 1),
            ["cpu_seconds_of_the_scheduler"] = Math.Round(cpu.TotalSeconds, 1),
            ["peak_rss_mb"] = Process.GetCurrentProcess().PeakWorkingSet64 >> 20,
        };
    }

    /// <summary>Chains of ten tasks, triggered at a steady rate: from the end of a task to the start of the one after it.</summary>
    private static async Task<Dictionary<string, object>> DelayAsync(List<IHost> hosts, int runs, int rate)
    {
        var operations = hosts[0].Services.GetRequiredService<DagOperations>();
        for (var i = 0; i < runs; i++)
        {
            await operations.TriggerAsync("chain", new TriggerRequest { RunId = $"r{i}" }, Me, CancellationToken.None);
            await Task.Delay(TimeSpan.FromSeconds(1.0 / rate));
        }

        await UntilDoneAsync(hosts[0]);
        var delays = Database(hosts[0]).Read(session => session.Query<long>(
            """
            SELECT b.start_date - a.end_date FROM task_instance a
            JOIN task_instance b ON b.dag_id = a.dag_id AND b.run_id = a.run_id AND CAST(substr(b.task_id, 2) AS INTEGER) = CAST(substr(a.task_id, 2) AS INTEGER) + 1
            WHERE a.dag_id = 'chain'
            """)).Order().ToList();
        var starts = Database(hosts[0]).Read(session => session.Query<long>("SELECT start_date - queued_at FROM dag_run WHERE dag_id = 'chain'")).Order().ToList();
        return new()
        {
            ["tasks_measured"] = delays.Count,
            ["runs_per_second"] = rate,
            ["task_start_delay_ms"] = new { p50 = At(delays, .5), p95 = At(delays, .95), p99 = At(delays, .99), max = delays[^1] },
            ["run_start_delay_ms"] = new { p50 = At(starts, .5), p99 = At(starts, .99), max = starts[^1] },
        };
    }

    /// <summary>A minute with one DAG that is due every ten seconds and nothing else, after three in which the runtime compiles what it has seen often enough.</summary>
    private static async Task<Dictionary<string, object>> IdleAsync()
    {
        await Task.Delay(TimeSpan.FromMinutes(3));
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        await Task.Delay(TimeSpan.FromMinutes(1));
        process.Refresh();
        return new()
        {
            ["cpu_percent_of_a_core"] = Math.Round((process.TotalProcessorTime - before).TotalSeconds / 60 * 100, 2),
            ["rss_mb"] = process.WorkingSet64 >> 20,
        };
    }

    internal static T At<T>(List<T> sorted, double quantile) => sorted[(int)Math.Min(sorted.Count - 1, Math.Ceiling(quantile * sorted.Count))];

    private static async Task QueueAsync(IHost host, string dagId, int runs)
    {
        var operations = host.Services.GetRequiredService<DagOperations>();
        await operations.PauseAsync(dagId, true, Me, CancellationToken.None);
        await Task.WhenAll(Enumerable.Range(0, runs).Select(i => operations.TriggerAsync(dagId, new TriggerRequest { RunId = $"r{i}" }, Me, CancellationToken.None)));
        await operations.PauseAsync(dagId, false, Me, CancellationToken.None);
    }

    private static async Task<(long First, long Last)> UntilDoneAsync(IHost host)
    {
        while (await Database(host).ReadAsync(session => session.Scalar<long>("SELECT COUNT(*) FROM dag_run WHERE state IN ('queued', 'running')"), CancellationToken.None) > 0)
        {
            await Task.Delay(200);
        }

        return Database(host).Read(session => session.Query<(long, long)>("SELECT MIN(start_date), MAX(end_date) FROM task_instance")[0]);
    }

    internal static MetadataDatabase Database(IHost host) => host.Services.GetRequiredService<MetadataDatabase>();

    private static IHost Build(string directory, string? postgres, int tasks, int slots, bool withApi)
    {
        var web = withApi ? WebApplication.CreateSlimBuilder() : null;
        IHostApplicationBuilder builder = web is null ? Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings()) : web;
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Data:Directory"] = directory,
            ["ConnectionStrings:postgres"] = postgres,
            ["Scheduling:MaxActiveTasks"] = slots.ToString(CultureInfo.InvariantCulture),
            ["Scheduling:RunRetention"] = "3000.00:00:00",
            ["Urls"] = "http://127.0.0.1:0",
        });
        builder.Logging.ClearProviders();
        var wide = new DagBuilder("wide") { MaxActiveRuns = 64, MaxActiveTasks = tasks };
        var chain = new DagBuilder("chain") { MaxActiveRuns = 64 };
        var stored = new DagBuilder("stored") { IsPausedUponCreation = true };
        for (var i = 0; i < tasks; i++)
        {
            wide.Add(Nothing($"t{i}"));
            chain.Add(Nothing($"t{i}"));
        }

        chain.Chain([.. Enumerable.Range(0, tasks).Select(i => $"t{i}")]);
        stored.Add(Nothing("t0")).Add(Nothing("t1")).Add(Nothing("t2")).Chain("t0", "t1", "t2");
        var tick = new DagBuilder("tick") { Timetable = Timetable.Every(TimeSpan.FromSeconds(10)) }.Add(Nothing("t0")).Build();
        Dag[] dags = [wide.Build(), chain.Build(), stored.Build(), tick];
        foreach (var dag in dags)
        {
            builder.AddDag(_ => dag);
        }

        builder.AddScheduling();
        return web is null ? ((HostApplicationBuilder)builder).Build() : QueriesBench.BuildApi(web);
    }

    private static DagTask Nothing(string id) => new(id, (_, _) => Task.CompletedTask);

    private static async Task<string> FreshDatabaseAsync(string server)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var drop = new NpgsqlCommand("DROP DATABASE IF EXISTS pipeline_bench WITH (FORCE)", connection);
        await drop.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(server) { Database = "pipeline_bench" }.ConnectionString;
    }
}
