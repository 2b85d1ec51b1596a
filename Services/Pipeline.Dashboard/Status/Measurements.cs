using System.Diagnostics.Metrics;

namespace Pipeline.Dashboard.Status;

/// <summary>Listens to what the parts of this process measure of themselves, for the page of health; Prometheus and OTLP get the same.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly MinuteWindow _requests;
    private readonly MinuteWindow _results;
    private readonly MinuteWindow _metadata;
    private readonly MinuteWindow _schedulerLoops;
    private readonly MinuteWindow _checkpoints;
    private readonly MinuteWindow _pages;

    public Measurements(TimeProvider clock)
    {
        (_requests, _results, _metadata, _schedulerLoops, _checkpoints, _pages) = (new(clock), new(clock), new(clock), new(clock), new(clock), new(clock));
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (WindowOf(instrument) is { } window)
            {
                listener.EnableMeasurementEvents(instrument, window);
            }
        };
        _listener.SetMeasurementEventCallback<double>(Note);
        _listener.Start();
    }

    /// <summary>Answers of the web server; not the connections of pages, which last as long as somebody looks.</summary>
    public Measured Requests => _requests.Read();

    /// <summary>Operations on the result store.</summary>
    public Measured Results => _results.Read();

    /// <summary>Commands to PostgreSQL; none where the metadata are in SQLite.</summary>
    public Measured Metadata => _metadata.Read();

    public Measured SchedulerLoops => _schedulerLoops.Read();

    public Measured Checkpoints => _checkpoints.Read();

    /// <summary>What pages asked of log, store and metadata.</summary>
    public Measured Pages => _pages.Read();

    public void Dispose() => _listener.Dispose();

    private MinuteWindow? WindowOf(Instrument instrument) => (instrument.Meter.Name, instrument.Name) switch
    {
        ("Microsoft.AspNetCore.Hosting", "http.server.request.duration") => _requests,
        ("Pipeline.Storage", "db.client.operation.duration") => _results,
        ("Npgsql", "db.client.operation.duration") => _metadata,
        ("Pipeline.Scheduling", "pipeline.scheduler.loop.duration") => _schedulerLoops,
        ("Pipeline.Streaming", "pipeline.checkpoint.duration") => _checkpoints,
        (PageInstruments.MeterName, PageInstruments.ReadDuration) => _pages,
        _ => null,
    };

    private static void Note(Instrument instrument, double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        foreach (var (name, value) in tags)
        {
            // A page's connection: it is answered when the page is left.
            if (name == "http.response.status_code" && value is StatusCodes.Status101SwitchingProtocols)
            {
                return;
            }
        }

        ((MinuteWindow)state!).Add(seconds);
    }
}
