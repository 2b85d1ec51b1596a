using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// End to end on this machine: file → durable log → processor → rows and windows in the store. The clock runs from the first
/// line read to the last record stored; making the file, starting the host and the first events, during which the code is compiled, are not counted.
/// </summary>
internal static class EmbeddedBench
{
    private const int Warmup = 100_000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    public static async Task<Figures> RunAsync(int events, HostSettings settings, CancellationToken cancellationToken)
    {
        using var directory = new BenchDirectory();
        var file = directory.File("events.ndjson");
        await BenchEvents.WriteAsync(file, Warmup + events, cancellationToken);
        var builder = PipelineApplication.CreateBuilder(settings with { Configuration = [.. settings.Configuration, directory.Setting] }, out _);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
        {
            // What telemetry costs is the difference.
            builder.AddServiceDefaults();
        }

        builder.AddProcessor();
        await using var app = builder.Build();
        await app.StartAsync(cancellationToken);
        var figures = await MeasureAsync(app.Services, file, events, cancellationToken);
        await app.StopAsync(cancellationToken);
        return figures;
    }

    private static async Task<Figures> MeasureAsync(IServiceProvider services, string file, int events, CancellationToken cancellationToken)
    {
        var store = services.GetRequiredService<IResultStore>();
        await using var lines = new LineFile(file);
        await using var appender = new EventAppender(services.GetRequiredService<IRecordLog>(), Topics.Users, services.GetRequiredService<TimeProvider>());

        await appender.AppendAsync(lines, Warmup, cancellationToken);
        await StoredAsync(store, Warmup, cancellationToken);
        GC.Collect();

        using var memory = new MemorySamples();
        var meter = Meter.StartNew();
        await appender.AppendAsync(lines, events, cancellationToken);
        var appended = meter.Elapsed;
        await StoredAsync(store, Warmup + events, cancellationToken);
        var figures = meter.Stop().Figures("embedded", events);
        figures["seconds_until_appended"] = Math.Round(appended.TotalSeconds, 3);
        figures["rss_mb_by_tenth"] = memory.MostByTenth();
        figures["stored"] = (await store.GetProgressAsync(cancellationToken)).Sum(p => p.Stored) - Warmup;
        return figures;
    }

    private static async Task StoredAsync(IResultStore store, long records, CancellationToken cancellationToken)
    {
        while ((await store.GetProgressAsync(cancellationToken)).Sum(p => p.Consumed) < records)
        {
            await Task.Delay(Poll, cancellationToken);
        }
    }
}
