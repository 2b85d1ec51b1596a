using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Steps;

/// <summary>Looks at a window; <paramref name="rows"/> makes rows of its content.</summary>
internal delegate void MetricWindowVisitor(in EmittedWindow<MetricContent> window, MetricRows rows);

/// <summary>
/// Metrics by dimension, for one or more grains whose windows share panes. An event costs one update of one cell and a few
/// sketches, however many dimensions and overlapping windows there are: rows are made when a window is emitted.
/// </summary>
internal sealed class Metrics : Step<PipelineEvent>
{
    private const string Version = "events, age, latency by nationality, gender, age band, event type; users, quantiles; v2";
    private const string VersionBefore = "events, age, latency by nationality, gender, age band, event type; v1";

    private readonly (string Grain, HoppingWindows Windows)[] _grains;
    private readonly AllowedLateness _allowedLateness;
    private readonly ResultSink _sink;
    private readonly WindowAggregator<MetricContent> _aggregator;
    private readonly MetricRows _rows;
    private readonly Action<EmittedWindow<MetricContent>> _emit;
    private readonly MetricRowHandler _addRow;
    private EmittedWindow<MetricContent> _window;

    /// <param name="earlyEvery"><see cref="EarlyEvery"/>.</param>
    /// <param name="grains">All with the same advance, see <see cref="WindowAggregator{TContent}"/>; the first one names the step.</param>
    public Metrics(string topic, AllowedLateness allowedLateness, ResultSink sink, int earlyEvery, params (string Grain, HoppingWindows Windows)[] grains)
        : base($"metrics-{grains[0].Grain}")
    {
        _grains = grains;
        _allowedLateness = allowedLateness;
        _sink = sink;
        EarlyEvery = earlyEvery;
        _aggregator = new WindowAggregator<MetricContent>([.. grains.Select(g => g.Windows)], allowedLateness, () => new MetricContent());
        _rows = new MetricRows(withUnknown: topic == Topics.Activity);
        _emit = Emit;
        _addRow = AddRow;
    }

    public override string StateDefinition => $"{string.Join(", ", _grains.Select(g => g.Windows))}, lateness {_allowedLateness.Milliseconds} ms, {Version}";

    public override long StateEntries => _aggregator.Entries;

    public override long Refused => _aggregator.Refused;

    public override int EarlyEvery { get; }

    public override bool HasUnflushed => _aggregator.HasUnemitted;

    public override bool Supersedes(string definition) => definition == $"{_grains[0].Windows}, lateness {_allowedLateness.Milliseconds} ms, {VersionBefore}";

    public override void Process(StreamBatch<PipelineEvent> batch)
    {
        var records = batch.Records;
        var events = batch.Events;
        var eventTimes = batch.EventTimes;
        var watermarks = batch.Watermarks;
        for (var i = 0; i < events.Length; i++)
        {
            if (batch.IsPending(i))
            {
                _aggregator.Update(eventTimes[i], new Watermark(watermarks[i]))?.Add(in events[i], records.Timestamp(i) - eventTimes[i]);
            }
        }
    }

    public override void OnWatermark(Watermark watermark) => _aggregator.Advance(watermark);

    public override void Flush(bool early) => _aggregator.Emit(early, _emit);

    public override void StartIncomplete(long coveredFrom) => _aggregator.StartIncomplete(coveredFrom);

    public override void Save(StateWriter writer) => _aggregator.Save(writer);

    public override void Restore(ref StateReader reader) => _aggregator.Restore(ref reader);

    /// <summary>Shows the windows of a grain that still take events as they are now; nothing when the step has no such grain.</summary>
    public void Visit(string grain, MetricWindowVisitor visit)
    {
        foreach (var known in _grains)
        {
            if (known.Grain == grain)
            {
                _aggregator.Visit(known.Windows, window => visit(in window, _rows));
            }
        }
    }

    private void Emit(EmittedWindow<MetricContent> window)
    {
        _window = window;
        _rows.Write(window.Content, _addRow);
    }

    private void AddRow(string metric, string dimension, string value, in Aggregate aggregate, ISketch? sketch)
        => _sink.AddWindow(metric, dimension, value, GrainOf(_window.Windowing), _window.Window.Start, in aggregate, _window.IsFinal, _window.IsLateUpdate, sketch);

    private string GrainOf(HoppingWindows windows)
    {
        foreach (var grain in _grains)
        {
            if (ReferenceEquals(grain.Windows, windows))
            {
                return grain.Grain;
            }
        }

        throw new ArgumentException($"There are no windows '{windows}' here.", nameof(windows));
    }
}
