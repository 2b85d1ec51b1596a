using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Pipeline.Benchmarks.Dashboard;

/// <summary>
/// How long pages take with much data. <c>pages fill --data DIR --events 10000000 --dead-letters 1000000 --runs 100000</c> multiplies what a stopped pipeline has in
/// its data directory; <c>pages open --url http://localhost:5080 --paths "/;/runs;…"</c> opens pages of a running one, each a few times with
/// nothing of it remembered by feeds, and prints one JSON line a page.
/// </summary>
internal static class PagesBench
{
    private const int Times = 5;

    public static Task RunAsync(string[] args)
    {
        var settings = args[1..].Chunk(2).ToDictionary(pair => pair[0].TrimStart('-'), pair => pair[1], StringComparer.Ordinal);
        return args[0] == "fill" ? FillAsync(settings) : OpenAsync(settings);
    }

    private static async Task OpenAsync(Dictionary<string, string> settings)
    {
        var site = new Uri(settings.GetValueOrDefault("url", "http://localhost:5080"));
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(1) };
        var taken = settings["paths"].Split(';').ToDictionary(path => path, _ => new List<double>(), StringComparer.Ordinal);
        var lengths = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < Times; i++)
        {
            // A feed keeps its last reading for some seconds; a page is to be fast without it.
            await Task.Delay(TimeSpan.FromSeconds(i == 0 ? 0 : 16));
            foreach (var (path, times) in taken)
            {
                var since = Stopwatch.GetTimestamp();
                lengths[path] = (await http.GetStringAsync(new Uri(site, path))).Length;
                times.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            }
        }

        foreach (var (path, times) in taken)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { path, first_ms = Math.Round(times[0]), median_ms = Math.Round(times.Order().ElementAt(Times / 2)), max_ms = Math.Round(times.Max()), kib = lengths[path] / 1024 }));
        }
    }

    private static async Task FillAsync(Dictionary<string, string> settings)
    {
        const int Templates = 10_000;
        const int Day = 86_400_000;
        const int MinutesOfDay = 1440;
        const int HoursOfWeek = 168;
        var results = Path.Combine(settings["data"], "results.db");
        var metadata = Path.Combine(settings["data"], "metadata.db");
        var (events, runs) = (Number("events"), Number("runs"));

        // The last day, evenly: copies of what the pipeline has stored, each further back, with ids of their own.
        var copies = Math.Max(1, events / Templates);
        await RunAsync(results, Multiply("user_events", copies, Back(Day / copies, "event_time", "ingested_at", ("event_id", "randomblob(16)"), ("row", "NULL")), $"1 ORDER BY row DESC LIMIT {Templates}"));
        await RunAsync(results, Multiply("user_sessions", copies, Back(Day / copies, "start", "end", ("session_id", "randomblob(16)")), "1 LIMIT 1000"));
        const string AMinute = "(SELECT window_start FROM windowed_metrics WHERE grain = 'minute' AND dimension = 'nationality' GROUP BY window_start ORDER BY COUNT(*) DESC LIMIT 1)";
        await RunAsync(results, Multiply("windowed_metrics", MinutesOfDay, Back(60_000, "window_start"), $"grain <> 'hour' AND window_start = {AMinute}"));
        await RunAsync(results, Multiply("windowed_metrics", HoursOfWeek, Back(3_600_000, "window_start"), "grain = 'hour' AND window_start = (SELECT MIN(window_start) FROM windowed_metrics WHERE grain = 'hour')"));
        await RunAsync(results, Multiply("quality_results", MinutesOfDay, Back(60_000, "window_start"), "window_start = (SELECT MIN(window_start) FROM quality_results)"));

        var letters = Number("dead-letters");
        await RunAsync(results, Multiply("dead_letters", letters / 100, Back(Math.Max(1, Day / (letters / 100)), "ingested_at", "failed_at", ("offset", "\"offset\" + n.i * 1000000")), "1 LIMIT 100"));
        await RunAsync(metadata, Multiply(
            "dag_run", runs,
            Back(20_000, "logical_date", "data_interval_start", "data_interval_end", "run_after", "queued_at", "start_date",
                ("id", "(SELECT MAX(id) FROM dag_run) + n.i"), ("run_id", "'filled__' || n.i"), ("state", "'queued'"), ("end_date", "NULL")),
            "state = 'success' LIMIT 1"));
        await RunAsync(metadata, Multiply(
            "task_instance", runs, new(StringComparer.Ordinal) { ["run_id"] = "'filled__' || n.i", ["state"] = "'none'" },
            "run_id = (SELECT run_id FROM dag_run WHERE state = 'success' AND run_id NOT LIKE 'filled%' ORDER BY id LIMIT 1)"));

        // The tables let no run begin at its end.
        await RunAsync(metadata, _ => "UPDATE task_instance SET state = 'success' WHERE run_id LIKE 'filled%' AND state = 'none'");
        await RunAsync(metadata, _ => "UPDATE dag_run SET state = CASE WHEN id % 50 = 0 THEN 'failed' ELSE 'success' END, end_date = start_date + 1500 WHERE run_id LIKE 'filled%' AND state = 'queued'");

        int Number(string name) => int.Parse(settings[name], CultureInfo.InvariantCulture);
    }

    /// <summary>Columns of the n-th copy: times that many steps earlier, others as told.</summary>
    private static Dictionary<string, string> Back(int stepMs, params object[] columns) => columns.ToDictionary(
        column => column is string name ? name : (((string, string))column).Item1,
        column => column is string name ? $"\"{name}\" - n.i * {stepMs}" : (((string, string))column).Item2,
        StringComparer.Ordinal);

    /// <summary>Copies of rows that are there, with some columns changed; which columns a table has is asked of the table.</summary>
    private static Func<SqliteConnection, string> Multiply(string table, int count, Dictionary<string, string> changed, string template) => connection =>
    {
        using var ask = connection.CreateCommand();
        ask.CommandText = $"SELECT name FROM pragma_table_info('{table}')";
        using var reader = ask.ExecuteReader();
        var all = new List<string>();
        while (reader.Read())
        {
            all.Add(reader.GetString(0));
        }

        return $"""
            INSERT OR IGNORE INTO {table} ({string.Join(", ", all.Select(column => $"\"{column}\""))})
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}), template AS MATERIALIZED (SELECT * FROM {table} WHERE {template})
            SELECT {string.Join(", ", all.Select(column => changed.GetValueOrDefault(column, $"\"{column}\"")))} FROM n CROSS JOIN template
            """;
    };

    private static async Task RunAsync(string file, Func<SqliteConnection, string> statement)
    {
        await using var connection = new SqliteConnection($"Data Source={file}");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandTimeout = 1800;
        command.CommandText = statement(connection);
        Console.WriteLine(JsonSerializer.Serialize(new { file = Path.GetFileName(file), rows = await command.ExecuteNonQueryAsync() }));
    }
}
