using System.Diagnostics;

namespace Pipeline.Standalone.Bench;

/// <summary>The program as a user starts it, on an empty directory: from the start of the process to the first stored record.</summary>
internal static class StartBench
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static async Task<Dictionary<string, object>> RunAsync(CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("pipeline-bench-");
        var url = $"http://127.0.0.1:{Addresses.FreePort()}";
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments = ["exec", typeof(StartBench).Assembly.Location, "--urls", url, "--data", directory.FullName];
        foreach (var argument in Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? arguments : arguments[2..])
        {
            start.ArgumentList.Add(argument);
        }

        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        try
        {
            var listening = await UntilStoredAsync(url, clock, process, cancellationToken);
            var stored = clock.Elapsed;
            process.Refresh();
            return new Dictionary<string, object>
            {
                ["name"] = "start",
                ["seconds_to_listening"] = Math.Round(listening.TotalSeconds, 3),
                ["seconds_to_first_stored"] = Math.Round(stored.TotalSeconds, 3),
                ["rss_mb"] = process.WorkingSet64 >> 20,
            };
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            directory.Delete(recursive: true);
        }
    }

    private static async Task<TimeSpan> UntilStoredAsync(string url, Stopwatch clock, Process process, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = Limit };
        TimeSpan? listening = null;
        while (clock.Elapsed < Limit && !process.HasExited)
        {
            try
            {
                var page = await http.GetStringAsync($"{url}/api/events?limit=1", cancellationToken);
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
