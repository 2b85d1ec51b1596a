using System.Diagnostics;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Pipeline.EventLog;
using Pipeline.Scheduling;
using Pipeline.Scheduling.Metadata;
using Pipeline.Storage;

namespace Pipeline.Benchmarks.Scheduling;

/// <summary>Calls of the API over HTTP, one after the other, on a database with many finished runs of three tasks each, of which one in a hundred failed.</summary>
internal static class QueriesBench
{
    public static IHost BuildApi(WebApplicationBuilder builder)
    {
        builder.AddEventLog();
        builder.AddResultStore();
        builder.AddDashboard();
        var app = builder.Build();
        app.MapDashboard();
        return app;
    }

    public static async Task<Dictionary<string, object>> RunAsync(IHost host, int runs)
    {
        await FillAsync(SchedulingBench.Database(host), runs);
        using var client = new HttpClient { BaseAddress = new Uri(((WebApplication)host).Urls.First()) };
        var read = host.Services.GetRequiredService<DagRuns>();
        var random = new Random(7);
        const string Dag = "/api/v2/dags/stored";
        return new()
        {
            ["stored_runs"] = runs,
            ["latest_runs_of_a_dag_ms"] = await GetAsync(200, () => $"{Dag}/dagRuns?limit=100&order_by=-logical_date"),
            ["runs_deep_page_ms"] = await GetAsync(100, () => $"{Dag}/dagRuns?limit=100&order_by=-logical_date&offset={random.Next(runs)}"),
            ["latest_runs_of_all_dags_ms"] = await GetAsync(100, () => "/api/v2/dags/~/dagRuns?limit=100&order_by=-run_after"),
            ["failed_runs_of_all_dags_ms"] = await GetAsync(100, () => "/api/v2/dags/~/dagRuns?limit=100&state=failed&order_by=-logical_date"),
            ["failed_task_instances_of_all_runs_ms"] = await GetAsync(100, () => "/api/v2/dags/~/dagRuns/~/taskInstances?limit=100&state=failed"),
            ["all_task_instances_ms"] = await GetAsync(50, () => "/api/v2/dags/~/dagRuns/~/taskInstances?limit=100"),
            ["task_instances_of_a_run_ms"] = await GetAsync(200, () => $"{Dag}/dagRuns/r{random.Next(runs)}/taskInstances"),
            ["dag_details_ms"] = await GetAsync(100, () => $"{Dag}/details"),
            ["dag_stats_ms"] = await GetAsync(100, () => "/api/v2/dagStats"),
            ["grid_ms"] = await MeasureAsync(200, () => read.ListGridAsync("stored", 25, CancellationToken.None)),
            ["clear_ms"] = await MeasureAsync(100, () => PostAsync($"{Dag}/clearTaskInstances", new { dry_run = false, only_failed = false, dag_run_id = $"r{random.Next(runs)}" })),
        };

        Task<object> GetAsync(int times, Func<string> path) => MeasureAsync(times, async () => await client.GetStringAsync(path()));

        async Task PostAsync(string path, object body)
        {
            using var response = await client.PostAsJsonAsync(path, body);
            response.EnsureSuccessStatusCode();
        }
    }

    /// <summary>The first five calls, which compile, do not count.</summary>
    private static async Task<object> MeasureAsync(int times, Func<Task> call)
    {
        var taken = new List<double>();
        for (var i = 0; i < times + 5; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await call();
            taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        taken = [.. taken.Skip(5).Order()];
        return new { p50 = Math.Round(SchedulingBench.At(taken, .5), 2), p95 = Math.Round(SchedulingBench.At(taken, .95), 2), max = Math.Round(taken[^1], 2) };
    }

    private static async Task FillAsync(MetadataDatabase database, int runs)
    {
        var series = database.Dialect is PostgresDialect
            ? "SELECT g AS n FROM generate_series(@from, @to - 1) AS g"
            : "WITH RECURSIVE s (n) AS (SELECT @from UNION ALL SELECT n + 1 FROM s WHERE n + 1 < @to) SELECT n FROM s";
        for (var from = 0; from < runs; from += 10_000)
        {
            var range = new { from = (long)from, to = (long)Math.Min(runs, from + 10_000) };
            await database.WriteAsync(
                session =>
                {
                    session.Execute(
                        $"""
                        INSERT INTO dag_run (dag_id, run_id, run_type, state, logical_date, data_interval_start, data_interval_end, run_after, queued_at, start_date, triggered_by, dag_version_id)
                        SELECT 'stored', 'r' || n, 'scheduled', 'queued', n * 60000, n * 60000, n * 60000 + 60000, n * 60000 + 60000, n * 60000 + 60000, n * 60000 + 60001, 'timetable',
                            (SELECT MAX(id) FROM dag_version WHERE dag_id = 'stored') FROM ({series}) AS numbers
                        """,
                        range);
                    session.Execute(
                        $"""
                        INSERT INTO task_instance (dag_id, run_id, task_id, state, try_number, max_tries, start_date)
                        SELECT 'stored', 'r' || n, task, 'none', 1, 1, n * 60000 + 60001 FROM ({series}) AS numbers CROSS JOIN (SELECT 't0' AS task UNION ALL SELECT 't1' UNION ALL SELECT 't2') AS tasks
                        """,
                        range);
                    session.Execute(
                        """
                        UPDATE task_instance SET state = CASE WHEN task_id = 't2' AND (start_date - 60001) % 6000000 = 0 THEN 'failed' ELSE 'success' END, end_date = start_date + 5
                        WHERE dag_id = 'stored' AND state = 'none'
                        """);
                    session.Execute("UPDATE dag_run SET state = CASE WHEN logical_date % 6000000 = 0 THEN 'failed' ELSE 'success' END, end_date = start_date + 20 WHERE dag_id = 'stored' AND state = 'queued'");
                    return true;
                },
                CancellationToken.None);
        }

        if (database.Dialect is PostgresDialect postgres)
        {
            // The server does it by itself within minutes; here the rows came within seconds.
            using var connection = postgres.OpenConnection();
            using var vacuum = new NpgsqlCommand("VACUUM (ANALYZE)", connection) { CommandTimeout = 300 };
            await vacuum.ExecuteNonQueryAsync();
        }
    }
}
