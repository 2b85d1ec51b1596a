using System.Globalization;
using System.Text.Json;
using Pipeline.Dashboard.Status;
using Pipeline.Standalone.Client;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Standalone.Live;

/// <summary>The figures under the greeting: one line that is refreshed in place on a terminal, else a new line every ten seconds.</summary>
internal sealed class LiveFigures(StatusReader status, OutputMode mode, TimeProvider clock)
{
    /// <summary>Until the first figures are there.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(10);

    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Poll, clock);
        var started = clock.GetTimestamp();
        var lastLine = started;
        var hasData = false;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (await ReadAsync(cancellationToken) is not { } report)
            {
                continue;
            }

            if (!hasData && report.Totals.Stored > 0)
            {
                hasData = true;
                timer.Period = mode == OutputMode.Terminal ? RefreshEvery : LineEvery;
            }

            if (hasData || mode == OutputMode.Terminal || clock.GetElapsedTime(lastLine) >= LineEvery)
            {
                lastLine = clock.GetTimestamp();
                await WriteAsync(report);
            }
        }
    }

    public static string Line(StatusReport s) => string.Create(
        CultureInfo.InvariantCulture,
        $"in {s.Rates.Ingested:0.#}/s · stored {s.Rates.Stored:0.#}/s · waiting {s.Waiting:N0} · {s.Totals.Consumed:N0} consumed = {s.Totals.Stored:N0} stored"
            + $" + {s.Totals.DeadLettered:N0} dead + {s.Totals.Late:N0} late + {s.Totals.Duplicate:N0} duplicate · p95 {s.Latency.P95:0} ms");

    private async Task<StatusReport?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await status.ReadAsync(cancellationToken);
        }
        catch (Exception e) when (e is StorageException or RecordLogException)
        {
            // The workers report outages themselves; here the figures just stand still.
            return null;
        }
    }

    private Task WriteAsync(StatusReport report) => mode switch
    {
        OutputMode.Json => Console.Out.WriteLineAsync(JsonSerializer.Serialize(report, PipelineClient.Json)),
        OutputMode.Terminal => Console.Out.WriteAsync(OneLine(Line(report))),
        _ => Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{report.Now:HH:mm:ss} {Line(report)}")),
    };

    /// <summary>Over the line before; cut to the terminal's width, because a wrapped line cannot be overwritten.</summary>
    private static string OneLine(string line)
    {
        var width = Math.Max(20, Console.WindowWidth - 1);
        return $"\r{(line.Length > width ? line[..width] : line)}\u001b[K";
    }
}

internal enum OutputMode
{
    Terminal,
    Plain,
    Json,
}
