using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// The program as a user starts it, on an empty directory: from the start of the process to the first stored record. Then it is given 10,000
/// events a second over HTTP, as many as are asked for, and its memory is read once a second.
/// </summary>
internal static class StartBench
{
    private const int EventsPerSecond = 10_000;
    private const int EventsPerRequest = 1_000;
    private const int Users = 10_000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static async Task<Figures> RunAsync(int events, CancellationToken cancellationToken)
    {
        using var directory = new BenchDirectory();
        var url = $"http://127.0.0.1:{Addresses.FreePort()}";
        var clock = Stopwatch.StartNew();
        using var process = BenchProcess.Start("--urls", url, "--data", directory.File("data"));

        // A full pipe would stop the process that is measured.
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        try
        {
            using var http = new HttpClient { Timeout = Limit, BaseAddress = new Uri(url) };
            var listening = await UntilStoredAsync(http, clock, process, cancellationToken);
            var stored = clock.Elapsed;
            var atStart = Rss(process);
            var figures = await SteadyAsync(http, process, events, cancellationToken);
            figures["seconds_to_listening"] = Math.Round(listening.TotalSeconds, 3);
            figures["seconds_to_first_stored"] = Math.Round(stored.TotalSeconds, 3);
            figures["rss_mb_at_first_stored"] = atStart;
            return figures;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<Figures> SteadyAsync(HttpClient http, Process process, int events, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var cpu = process.TotalProcessorTime;
        var samples = new List<long>();
        for (var sent = 0; sent < events; sent += EventsPerRequest)
        {
            var ahead = TimeSpan.FromSeconds(sent / (double)EventsPerSecond) - clock.Elapsed;
            if (ahead > TimeSpan.Zero)
            {
                await Task.Delay(ahead, cancellationToken);
            }

            using var body = new ByteArrayContent(Request(sent));
            body.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
            using var answer = await http.PostAsync(new Uri("/api/events", UriKind.Relative), body, cancellationToken);
            answer.EnsureSuccessStatusCode();
            if (sent % EventsPerSecond == 0)
            {
                samples.Add(Rss(process));
            }
        }

        var seconds = clock.Elapsed.TotalSeconds;
        process.Refresh();
        return new Figures
        {
            ["name"] = "start",
            ["events"] = events,
            ["seconds"] = Math.Round(seconds, 3),
            ["events_per_second"] = Math.Round(events / seconds),
            ["cpu_us_per_event"] = Math.Round((process.TotalProcessorTime - cpu).TotalMicroseconds / events, 2),
            ["peak_rss_mb"] = process.PeakWorkingSet64 >> 20,
            ["steady_rss_mb"] = samples.Skip(samples.Count / 2).Max(),
        };
    }

    private static byte[] Request(int from)
    {
        var lines = new StringBuilder();
        for (var i = from; i < from + EventsPerRequest; i++)
        {
            lines.Append(JsonSerializer.Serialize(new { user_id = new Guid(i % Users, 1, 0x4000, [0x80, 0, 0, 0, 0, 0, 0, 1]), event_type = "view", page = $"/products/{i}" })).Append('\n');
        }

        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    private static long Rss(Process process)
    {
        process.Refresh();
        return process.WorkingSet64 >> 20;
    }

    private static async Task<TimeSpan> UntilStoredAsync(HttpClient http, Stopwatch clock, Process process, CancellationToken cancellationToken)
    {
        TimeSpan? listening = null;
        while (clock.Elapsed < Limit && !process.HasExited)
        {
            try
            {
                var page = await http.GetStringAsync(new Uri("/api/events?limit=1", UriKind.Relative), cancellationToken);
                listening ??= clock.Elapsed;
                if (page.Contains("event_id", StringComparison.Ordinal))
                {
                    return listening.Value;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(Poll, cancellationToken);
        }

        throw new InvalidOperationException($"Nothing was stored within {Limit.TotalSeconds:0} s; the process said: {await process.StandardError.ReadToEndAsync(cancellationToken)}");
    }
}
