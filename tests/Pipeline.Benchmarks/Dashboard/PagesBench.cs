using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Pipeline.Benchmarks.Dashboard;

/// <summary>
/// How long pages take with much data. <c>pages fill --data DIR --dead-letters 1000000 --runs 100000</c> multiplies what a stopped pipeline has in
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
        foreach (var path in settings["paths"].Split(';'))
        {
            var taken = new List<double>();
            var length = 0;
            for (var i = 0; i < Times; i++)
            {
                // A feed keeps its last reading for some seconds; a page is to be fast without it.
                await Task.Delay(TimeSpan.FromSeconds(i == 0 ? 0 : 16));
                var since = Stopwatch.GetTimestamp();
                length = (await http.GetStringAsync(new Uri(site, path))).Length;
                taken.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            }

            Console.WriteLine(JsonSerializer.Serialize(new { path, first_ms = Math.Round(taken[0]), median_ms = Math.Round(taken.Order().ElementAt(Times / 2)), max_ms = Math.Round(taken.Max()), kib = length / 1024 }));
        }
    }

    private static async Task FillAsync(Dictionary<string, string> settings)
    {
        var directory = settings["data"];
        await RunAsync(Path.Combine(directory, "results.db"), Multiply("dead_letters", Number("dead-letters"), """
            ingested_at - n.i * 40
            ^"offset" + n.i * 1000
            ^failed_at - n.i * 40
            """, """
            "ingested_at"^"offset"^"failed_at"
            """));
        var runs = Number("runs");
        await RunAsync(Path.Combine(directory, "metadata.db"), Multiply("dag_run", runs, """
            (SELECT MAX(id) FROM dag_run) + n.i
            ^'filled__' || n.i
            ^logical_date - n.i * 20000
            ^data_interval_start - n.i * 20000
            ^data_interval_end - n.i * 20000
            ^run_after - n.i * 20000
            ^queued_at - n.i * 20000
            ^start_date - n.i * 20000
            ^end_date - n.i * 20000
            ^CASE WHEN n.i % 50 = 0 THEN 'failed' ELSE state END
            """, """
            "id"^"run_id"^"logical_date"^"data_interval_start"^"data_interval_end"^"run_after"^"queued_at"^"start_date"^"end_date"^"state"
            """, "state = 'success'"));
        await RunAsync(Path.Combine(directory, "metadata.db"), Multiply("task_instance", runs, "'filled__' || n.i", "\"run_id\"", "run_id = (SELECT run_id FROM dag_run WHERE state = 'success' ORDER BY id LIMIT 1)"));

        int Number(string name) => int.Parse(settings[name], CultureInfo.InvariantCulture);
    }

    /// <summary>Rows like one that is there, with some columns counted on; which columns a table has is asked of the table.</summary>
    private static Func<SqliteConnection, string> Multiply(string table, int count, string values, string columns, string template = "1 = 1") => connection =>
    {
        var changed = columns.Trim().Split('^').Select(column => column.Trim('"', ' ')).Zip(values.Trim().Split('^', StringSplitOptions.TrimEntries)).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
        using var ask = connection.CreateCommand();
        ask.CommandText = $"SELECT name FROM pragma_table_info('{table}')";
        using var reader = ask.ExecuteReader();
        var all = new List<string>();
        while (reader.Read())
        {
            all.Add(reader.GetString(0));
        }

        var rows = table == "task_instance" ? $"(SELECT * FROM {table} WHERE {template})" : $"(SELECT * FROM {table} WHERE {template} LIMIT 1)";
        return $"""
            INSERT OR IGNORE INTO {table} ({string.Join(", ", all.Select(column => $"\"{column}\""))})
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
            SELECT {string.Join(", ", all.Select(column => changed.GetValueOrDefault(column, $"\"{column}\"")))} FROM n CROSS JOIN {rows}
            """;
    };

    private static async Task RunAsync(string file, Func<SqliteConnection, string> statement)
    {
        await using var connection = new SqliteConnection($"Data Source={file}");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandTimeout = 600;
        command.CommandText = statement(connection);
        Console.WriteLine(JsonSerializer.Serialize(new { file = Path.GetFileName(file), rows = await command.ExecuteNonQueryAsync() }));
    }
}
