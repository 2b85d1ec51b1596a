using Pipeline.Storage;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Steps;

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
    private readonly MetricRows _rows = new();
    private readonly Action<EmittedWindow<MetricContent>> _emit;
    private readonly MetricRowHandler _addRow;
    private EmittedWindow<MetricContent> _window;

    /// <param name="grains">All with the same advance, see <see cref="WindowAggregator{TContent}"/>; the first one names the step.</param>
    public Metrics(AllowedLateness allowedLateness, ResultSink sink, params (string Grain, HoppingWindows Windows)[] grains)
        : base($"metrics-{grains[0].Grain}")
    {
        _grains = grains;
        _allowedLateness = allowedLateness;
        _sink = sink;
        _aggregator = new WindowAggregator<MetricContent>([.. grains.Select(g => g.Windows)], allowedLateness, () => new MetricContent());
        _emit = Emit;
        _addRow = AddRow;
    }

    public override string StateDefinition => $"{string.Join(", ", _grains.Select(g => g.Windows))}, lateness {_allowedLateness.Milliseconds} ms, {Version}";

    public override long StateEntries => _aggregator.Entries;

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
