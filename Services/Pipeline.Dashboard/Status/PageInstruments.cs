using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace Pipeline.Dashboard.Status;

/// <summary>What the pages measure of themselves, and who looks at them.</summary>
internal sealed class PageInstruments : CircuitHandler
{
    public const string MeterName = "Pipeline.Dashboard";
    public const string ReadDuration = "pipeline.page.read.duration";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Histogram<double> Read = Meter.CreateHistogram<double>(
        ReadDuration,
        "s",
        "Duration of one reading for all who look at the same page",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] });

    private int _viewers;

    public PageInstruments() => Meter.CreateObservableUpDownCounter("pipeline.page.viewers", () => Viewers, "{viewer}", "Pages that somebody has open");

    /// <summary>Pages that are open and connected.</summary>
    public int Viewers => Volatile.Read(ref _viewers);

    /// <param name="what">What was read: the type of the answer, of which there are few.</param>
    public static void Note(string what, TimeSpan duration) => Read.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("pipeline.page.answer", what));

    public override Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _viewers);
        return Task.CompletedTask;
    }

    public override Task OnConnectionDownAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Interlocked.Decrement(ref _viewers);
        return Task.CompletedTask;
    }
}
