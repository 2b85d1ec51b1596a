using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pipeline.Testing.Circuits;

namespace Pipeline.Benchmarks.Dashboard;

/// <summary>
/// What open pages cost a pipeline that runs: <c>viewers --url http://localhost:5080 --viewers 100 --rounds 5 --seconds 10 [--path /]
/// [--stalled 10] [--senders 2] [--rate 20000] [--users 1000] [--warm-up 1] [--pid N]</c>. The senders post events of a fixed set of users, as
/// fast as they are taken or at a rate, from the beginning to the end; a round is a time without viewers and one with them, so that whatever
/// drifts does so in both. Rounds to warm up come first and are not counted. Prints one JSON line for each time, then what the viewers cost:
/// of the throughput, when the senders know no limit, and of CPU time, the pipeline's and that of senders and viewers (this process). With the
/// pipeline's id its heap is collected at the end of each time, so that what it still holds is known.
/// </summary>
internal static class ViewersBench
{
    private const int PerRequest = 500;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    public static async Task RunAsync(string[] args)
    {
        var settings = args.Chunk(2).ToDictionary(pair => pair[0].TrimStart('-'), pair => pair[1], StringComparer.Ordinal);
        var site = new Uri(settings.GetValueOrDefault("url", "http://localhost:5080"));
        var bench = new Bench(
            site, settings.GetValueOrDefault("path", "/"), TimeSpan.FromSeconds(Number("seconds", 10)), settings.GetValueOrDefault("pid"));
        using var over = new CancellationTokenSource();
        using var http = new HttpClient();
        var bodies = Bodies(Number("users", 1000));
        var senders = Number("senders", 0);
        var pause = Number("rate", 0) is > 0 and var rate ? TimeSpan.FromSeconds((double)PerRequest * senders / rate) : TimeSpan.Zero;
        var sending = Enumerable.Range(0, senders).Select(i => SendAsync(http, site, bodies, i, pause, over.Token)).ToArray();
        await Task.Delay(Settling, CancellationToken.None);
        var legs = new List<(Leg Without, Leg With)>();
        var warmUps = Number("warm-up", 0);
        for (var round = 0; round < warmUps + Number("rounds", 1); round++)
        {
            legs.Add((await bench.MeasureAsync(http, 0, 0), await bench.MeasureAsync(http, Number("viewers", 100), Number("stalled", 0))));
        }

        legs.RemoveRange(0, warmUps);

        await over.CancelAsync();
        await Task.WhenAll(sending);
        var (without, with) = (legs.Average(leg => leg.Without.StoredPerSecond), legs.Average(leg => leg.With.StoredPerSecond));
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            rounds = legs.Count,
            stored_per_second_without = Math.Round(without),
            stored_per_second_with = Math.Round(with),
            change_percent = Percent(with, without),
            change_percent_of_rounds = legs.Select(leg => Percent(leg.With.StoredPerSecond, leg.Without.StoredPerSecond)),
            cpu_us_per_event_without = Rounded(legs.Average(leg => leg.Without.CpuMicroseconds)),
            cpu_us_per_event_with = Rounded(legs.Average(leg => leg.With.CpuMicroseconds)),
            cores_without = Rounded(legs.Average(leg => leg.Without.Cores), 3),
            cores_with = Rounded(legs.Average(leg => leg.With.Cores), 3),
            cores_of_clients_without = Rounded(legs.Average(leg => leg.Without.CoresOfClients), 3),
            cores_of_clients_with = Rounded(legs.Average(leg => leg.With.CoresOfClients), 3),
        }));

        int Number(string name, int otherwise) => settings.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
    }

    private static double? Percent(double with, double without) => without == 0 ? null : Math.Round(100 * (with - without) / without, 1);

    private static double? Rounded(double? value, int digits = 1) => value is { } v && double.IsFinite(v) ? Math.Round(v, digits) : null;

    /// <summary>Requests of 500 events each, so that every user has one in turn; made once, because making them would take the pipeline's time.</summary>
    private static byte[][] Bodies(int users)
    {
        const int Requests = 40;
        var ids = Enumerable.Range(0, users).Select(_ => Guid.NewGuid()).ToArray();
        return [.. Enumerable.Range(0, Requests).Select(request => JsonSerializer.SerializeToUtf8Bytes(
            Enumerable.Range(request * PerRequest, PerRequest).Select(i => new { user_id = ids[i % users], event_type = "view", page = "/products/42" })))];
    }

    private static async Task SendAsync(HttpClient http, Uri site, byte[][] bodies, int first, TimeSpan pause, CancellationToken cancellationToken)
    {
        try
        {
            var due = Stopwatch.GetTimestamp();
            for (var i = first; ; i++)
            {
                due += (long)(pause.TotalSeconds * Stopwatch.Frequency);
                if (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due) is { Ticks: > 0 } early)
                {
                    await Task.Delay(early, cancellationToken);
                }

                using var content = new ByteArrayContent(bodies[i % bodies.Length]);
                content.Headers.ContentType = new("application/json");
                using var response = await http.PostAsync(new Uri(site, "/api/events"), content, cancellationToken);
                response.EnsureSuccessStatusCode();
            }
        }
        catch (OperationCanceledException)
        {
            // The measurement is over.
        }
    }

    /// <param name="CpuMicroseconds">CPU time of the pipeline for each event stored.</param>
    private sealed record Leg(double StoredPerSecond, double? CpuMicroseconds, double? Cores, double CoresOfClients);

    private sealed class Bench(Uri site, string path, TimeSpan length, string? pid)
    {
        public async Task<Leg> MeasureAsync(HttpClient http, int count, int stalled)
        {
            using var over = new CancellationTokenSource();
            var viewers = Enumerable.Range(0, count).Select(_ => new CircuitViewer(site, path)).ToArray();
            var watching = new List<Task>();
            foreach (var (viewer, index) in viewers.Select((viewer, index) => (viewer, index)))
            {
                await viewer.ConnectAsync(http, over.Token);
                watching.Add(index < stalled ? StallAsync(viewer, over.Token) : viewer.ReadAsync(null, over.Token));
            }

            // Everybody has been shown the page before the clock starts.
            await Task.Delay(Settling, CancellationToken.None);
            foreach (var broken in watching.Where(task => task.IsFaulted))
            {
                await broken;
            }

            var (cpu, ownCpu, stored, since) = (CpuSeconds(), Environment.CpuUsage.TotalTime, await StoredAsync(http), Stopwatch.GetTimestamp());
            await Task.Delay(length, CancellationToken.None);
            var (seconds, now) = (Stopwatch.GetElapsedTime(since).TotalSeconds, await StoredAsync(http));
            var (cpuNow, memory, ownCores) = (CpuSeconds(), ResidentMiB(), (Environment.CpuUsage.TotalTime - ownCpu).TotalSeconds / seconds);
            var live = pid is null ? null : await PipelineHeap.CollectAsync(int.Parse(pid, CultureInfo.InvariantCulture), http, site);
            var delays = Delays([.. viewers.Skip(stalled).Select(viewer => viewer.Updates.Where(at => at >= since).ToArray())]);
            var dropped = (await Task.WhenAll(viewers.Take(stalled).Select(viewer => viewer.WasDroppedAsync(TimeSpan.FromSeconds(1))))).Count(isDropped => isDropped);
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                viewers = count,
                path,
                seconds = Math.Round(seconds, 1),
                stored_per_second = Math.Round((now - stored) / seconds),
                updates = viewers.Sum(viewer => viewer.Updates.Count(at => at >= since)),
                kib_received = viewers.Sum(viewer => viewer.Bytes) / 1024,
                delay_p50_ms = Rank(delays, 0.5),
                delay_p95_ms = Rank(delays, 0.95),
                delay_max_ms = Rank(delays, 1),
                stalled,
                stalled_dropped = dropped,
                others_open = viewers.Skip(stalled).Count(viewer => viewer.IsOpen),
                resident_mib = Rounded(memory),
                live_heap_mib = Rounded(live),
                cores_used = Rounded((cpuNow - cpu) / seconds, 3),
                cores_of_clients = Rounded(ownCores, 3),
            }));
            foreach (var viewer in viewers)
            {
                await viewer.LeaveAsync(http, CancellationToken.None);
            }

            await over.CancelAsync();
            foreach (var viewer in viewers)
            {
                await viewer.DisposeAsync();
            }

            return new Leg((now - stored) / seconds, (cpuNow - cpu) * 1e6 / (now - stored), (cpuNow - cpu) / seconds, ownCores);
        }

        /// <summary>Reads some updates and no more.</summary>
        private static async Task StallAsync(CircuitViewer viewer, CancellationToken cancellationToken)
        {
            await viewer.ReadAsync(stopAfter: 3, cancellationToken);
            await viewer.StallAsync(cancellationToken);
        }

        private async Task<long> StoredAsync(HttpClient http)
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

        /// <summary>CPU time of the pipeline so far; Linux counts it in hundredths of a second.</summary>
        private double? CpuSeconds()
        {
            if (pid is null)
            {
                return null;
            }

            var fields = File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
        }

        private double? ResidentMiB()
            => pid is not null && File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)) is { } line
                ? double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024
                : null;
    }
}
