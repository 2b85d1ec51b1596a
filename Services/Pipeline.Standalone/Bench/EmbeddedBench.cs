using System.Diagnostics;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// End to end on this machine: file → durable log → processor → rows and windows in the store. The clock runs from the first
/// line read to the last record stored; making the file and starting the host are not counted.
/// </summary>
internal static class EmbeddedBench
{
    private const int RecordsPerAppend = 2000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    public static async Task<Dictionary<string, object>> RunAsync(int events, HostSettings settings, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("pipeline-bench-");
        try
        {
            var file = Path.Combine(directory.FullName, "events.ndjson");
            await BenchEvents.WriteAsync(file, events, cancellationToken);
            var builder = PipelineApplication.CreateBuilder(settings with { Configuration = [$"--Data:Directory={Path.Combine(directory.FullName, "data")}"] }, out _);
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.AddProcessor();
            await using var app = builder.Build();
            await app.StartAsync(cancellationToken);
            var figures = await MeasureAsync(app.Services, file, events, cancellationToken);
            await app.StopAsync(cancellationToken);
            return figures;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<Dictionary<string, object>> MeasureAsync(IServiceProvider services, string file, int events, CancellationToken cancellationToken)
    {
        var log = services.GetRequiredService<IRecordLog>();
        var store = services.GetRequiredService<IResultStore>();
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        await AppendAsync(log, Topics.Users, file, services.GetRequiredService<TimeProvider>(), cancellationToken);
        while ((await store.GetProgressAsync(cancellationToken)).Sum(p => p.Consumed) < events)
        {
            await Task.Delay(Poll, cancellationToken);
        }

        var seconds = clock.Elapsed.TotalSeconds;
        process.Refresh();
        var stored = (await store.GetProgressAsync(cancellationToken)).Sum(p => p.Stored);
        return new Dictionary<string, object>
        {
            ["name"] = "embedded",
            ["events"] = events,
            ["stored"] = stored,
            ["seconds"] = Math.Round(seconds, 3),
            ["events_per_second"] = Math.Round(events / seconds),
            ["cpu_us_per_event"] = Math.Round((process.TotalProcessorTime - cpu).TotalMicroseconds / events, 2),
            ["peak_rss_mb"] = process.PeakWorkingSet64 >> 20,
        };
    }

    /// <summary>Appends every line of a file of events to a topic.</summary>
    internal static async Task AppendAsync(IRecordLog log, string topic, string file, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var writer = log.CreateWriter();
        using var batch = new RecordBatchBuilder();
        await using var lines = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, useAsync: true);
        var buffer = new byte[4 << 20];
        var filled = 0;
        while (true)
        {
            var read = await lines.ReadAsync(buffer.AsMemory(filled), cancellationToken);
            filled += read;
            var used = 0;
            while (buffer.AsSpan(used, filled - used).IndexOf((byte)'\n') is >= 0 and var end)
            {
                var value = buffer.AsSpan(used, end);
                batch.Add(BenchEvents.KeyOf(value), value, clock.GetUtcNow().ToUnixTimeMilliseconds());
                used += end + 1;
                if (batch.Count == RecordsPerAppend)
                {
                    await writer.AppendAsync(topic, batch, cancellationToken);
                    batch.Clear();
                }
            }

            buffer.AsSpan(used, filled - used).CopyTo(buffer);
            filled -= used;
            if (read == 0)
            {
                break;
            }
        }

        if (batch.Count > 0)
        {
            await writer.AppendAsync(topic, batch, cancellationToken);
        }
    }
}
