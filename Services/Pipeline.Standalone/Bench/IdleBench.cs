using System.Diagnostics;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// The program as a user starts it, on an empty directory, with nothing to do: no activity is generated and users are fetched once an hour. After the
/// minutes in which the runtime compiles what it has seen often enough, what a minute costs.
/// </summary>
internal static class IdleBench
{
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Measured = TimeSpan.FromMinutes(1);

    public static async Task<Figures> RunAsync(HostSettings settings, CancellationToken cancellationToken)
    {
        using var directory = new BenchDirectory();
        var url = $"http://127.0.0.1:{Addresses.FreePort()}";
        using var process = BenchProcess.Start(
            ["--urls", url, "--data", directory.File("data"), "--Activity:Enabled=false", "--Ingest:Interval=1h", .. settings.Configuration.Where(setting => !setting.StartsWith("--Data:", StringComparison.Ordinal))]);

        // A full pipe would stop the process that is measured.
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        try
        {
            await Task.Delay(Settling, cancellationToken);
            process.Refresh();
            var (clock, cpu) = (Stopwatch.StartNew(), process.TotalProcessorTime);
            await Task.Delay(Measured, cancellationToken);
            process.Refresh();
            var percent = (process.TotalProcessorTime - cpu) / clock.Elapsed * 100;
            return new Figures
            {
                ["name"] = "idle",
                ["seconds"] = Math.Round(clock.Elapsed.TotalSeconds, 1),
                ["cpu_percent_of_a_core"] = Math.Round(percent, 2),
                ["rss_mb"] = process.WorkingSet64 >> 20,
                ["peak_rss_mb"] = process.PeakWorkingSet64 >> 20,
                ["threads"] = process.Threads.Count,
            };
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }
}
