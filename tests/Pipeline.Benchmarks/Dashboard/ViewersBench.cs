using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Pipeline.Benchmarks.Dashboard;

/// <summary>
/// What open pages cost a pipeline that runs: <c>viewers --url http://localhost:5080 --viewers 100 --seconds 30 [--path /] [--stalled 10]
/// [--senders 2] [--pid N]</c>. Prints one JSON line: events stored per second meanwhile, of those that the senders post as fast as they are taken, rendered updates, how long after the first viewer each got the
/// same update, and the memory of the process.
/// </summary>
internal static class ViewersBench
{
    public static async Task RunAsync(string[] args)
    {
        var settings = args.Chunk(2).ToDictionary(pair => pair[0].TrimStart('-'), pair => pair[1], StringComparer.Ordinal);
        var site = new Uri(settings.GetValueOrDefault("url", "http://localhost:5080"));
        var path = settings.GetValueOrDefault("path", "/");
        var count = Number("viewers", 100);
        var stalled = Number("stalled", 0);
        var length = TimeSpan.FromSeconds(Number("seconds", 30));
        using var http = new HttpClient();
        using var over = new CancellationTokenSource();
        var viewers = Enumerable.Range(0, count).Select(_ => new CircuitViewer(site, path)).ToArray();
        var reading = new List<Task>();
        foreach (var (viewer, index) in viewers.Select((viewer, index) => (viewer, index)))
        {
            await viewer.ConnectAsync(http, over.Token);
            reading.Add(viewer.ReadAsync(index < stalled ? 3 : null, over.Token));
        }

        // Everybody has been shown the page before the clock starts.
        await Task.Delay(TimeSpan.FromSeconds(3));
        foreach (var broken in reading.Where(task => task.IsFaulted))
        {
            await broken;
        }

        var sending = Enumerable.Range(0, Number("senders", 0)).Select(_ => SendAsync(http, site, over.Token)).ToArray();
        if (sending.Length > 0)
        {
            await Task.Delay(TimeSpan.FromSeconds(3));
        }

        var cpuBefore = settings.TryGetValue("pid", out var process) ? CpuSeconds(process) : null;
        var (since, stored) = (Stopwatch.GetTimestamp(), await StoredAsync(http, site));
        await Task.Delay(length);
        var (seconds, now) = (Stopwatch.GetElapsedTime(since).TotalSeconds, await StoredAsync(http, site));
        var memory = process is null ? null : ResidentMiB(process);
        var cores = process is null ? null : (CpuSeconds(process) - cpuBefore) / seconds;
        var delays = Delays([.. viewers.Skip(stalled).Select(viewer => viewer.Updates.Where(at => at >= since).ToArray())]);
        var dropped = (await Task.WhenAll(viewers.Take(stalled).Select(viewer => viewer.WasDroppedAsync()))).Count(isDropped => isDropped);
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            viewers = count,
            path,
            seconds,
            stored_per_second = (now - stored) / seconds,
            updates = viewers.Sum(viewer => viewer.Updates.Count(at => at >= since)),
            kib_received = viewers.Sum(viewer => viewer.Bytes) / 1024,
            delay_p50_ms = Rank(delays, 0.5),
            delay_p95_ms = Rank(delays, 0.95),
            delay_max_ms = Rank(delays, 1),
            stalled,
            stalled_dropped = dropped,
            others_open = viewers.Skip(stalled).Count(viewer => viewer.IsOpen),
            resident_mib = memory,
            cores_used = cores,
        }));
        await over.CancelAsync();
        await Task.WhenAll(sending);
        foreach (var viewer in viewers)
        {
            await viewer.DisposeAsync();
        }

        int Number(string name, int otherwise) => settings.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
    }

    private static async Task SendAsync(HttpClient http, Uri site, CancellationToken cancellationToken)
    {
        const int PerRequest = 500;
        try
        {
            while (true)
            {
                var events = Enumerable.Range(0, PerRequest).Select(_ => new { user_id = Guid.NewGuid(), event_type = "view", page = "/products/42" });
                using var response = await http.PostAsJsonAsync(new Uri(site, "/api/events"), events, cancellationToken);
                response.EnsureSuccessStatusCode();
            }
        }
        catch (OperationCanceledException)
        {
            // The measurement is over.
        }
    }

    private static async Task<long> StoredAsync(HttpClient http, Uri site)
    {
        using var status = JsonDocument.Parse(await http.GetStringAsync(new Uri(site, "/api/status")));
        return status.RootElement.GetProperty("totals").GetProperty("stored").GetInt64();
    }

    /// <summary>
    /// All viewers of a page are shown the same reading: updates that lie closer than half of its period belong together. The delay of one is
    /// counted from the first viewer's.
    /// </summary>
    private static double[] Delays(long[][] updates)
    {
        var gap = Stopwatch.Frequency / 2;
        var delays = new List<double>();
        var (first, last) = (long.MinValue, long.MinValue / 2);
        foreach (var at in updates.SelectMany(times => times).Order())
        {
            first = at - last > gap ? at : first;
            last = at;
            delays.Add((at - first) * 1000.0 / Stopwatch.Frequency);
        }

        return [.. delays.Order()];
    }

    private static double? Rank(double[] sorted, double share) => sorted.Length == 0 ? null : Math.Round(sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)], 1);

    /// <summary>CPU time of a process so far; Linux counts it in hundredths of a second.</summary>
    private static double? CpuSeconds(string pid)
    {
        var fields = File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    private static double? ResidentMiB(string pid)
        => File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)) is { } line
            ? double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024
            : null;
}
