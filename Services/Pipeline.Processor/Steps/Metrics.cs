using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Steps;

/// <summary>
/// Metrics of one grain by dimension. An event costs one update of one cell, however many dimensions there are: cells are rolled
/// up into the dimensions when their window is emitted.
/// </summary>
internal sealed class Metrics : Step<PipelineEvent>
{
    private const string Version = "events, age, latency by nationality, gender, age band, event type; v1";
    private static readonly string[] NationalityNames = [.. Enum.GetValues<Nationality>().Select(n => n.WireName())];
    private static readonly string[] GenderNames = [.. Enum.GetValues<Gender>().Select(g => g.WireName())];
    private static readonly string[] EventTypeNames = [.. Enum.GetValues<EventType>().Select(t => t.WireName())];
    private static readonly string[] CountryNames = [.. Enum.GetValues<Nationality>().Select(n => Country.Of(n).Name)];
    private static readonly string[] NationalityGenderNames =
        [.. NationalityNames.SelectMany(n => GenderNames.Select(g => string.Intern($"{n}/{g}")))];

    private readonly string _grain;
    private readonly TumblingWindows _windows;
    private readonly AllowedLateness _allowedLateness;
    private readonly ResultSink _sink;
    private readonly WindowAggregator<MetricKey, MetricCell> _aggregator;
    private readonly Action<WindowPane<MetricKey, MetricCell>> _emit;

    private readonly MetricCell[] _byNationality = new MetricCell[NationalityNames.Length];
    private readonly MetricCell[] _byGender = new MetricCell[GenderNames.Length];
    private readonly MetricCell[] _byAgeBand = new MetricCell[AgeBands.Names.Length];
    private readonly MetricCell[] _byEventType = new MetricCell[EventTypeNames.Length];
    private readonly MetricCell[] _byNationalityGender = new MetricCell[NationalityGenderNames.Length];
    private MetricCell _all;

    public Metrics(string grain, TumblingWindows windows, AllowedLateness allowedLateness, ResultSink sink)
        : base($"metrics-{grain}")
    {
        _grain = grain;
        _windows = windows;
        _allowedLateness = allowedLateness;
        _sink = sink;
        _aggregator = new WindowAggregator<MetricKey, MetricCell>(windows, allowedLateness);
        _emit = Emit;
    }

    public override string StateDefinition => $"{_windows}, lateness {_allowedLateness.Milliseconds} ms, {Version}";

    public override long StateEntries => _aggregator.Entries;

    public override bool HasUnflushed => _aggregator.HasUnemitted;

    public override void Process(StreamBatch<PipelineEvent> batch)
    {
        var records = batch.Records;
        var events = batch.Events;
        var eventTimes = batch.EventTimes;
        var watermarks = batch.Watermarks;
        for (var i = 0; i < events.Length; i++)
        {
            if (!batch.IsPending(i) || _aggregator.Update(eventTimes[i], new Watermark(watermarks[i])) is not { } cells)
            {
                continue;
            }

            ref readonly var e = ref events[i].Decoded;
            ref var cell = ref cells.GetOrAdd(new MetricKey(e.Nationality, e.Gender, events[i].AgeBand, e.EventType), out _);
            cell.Events++;
            cell.Latency.Add(records.Timestamp(i) - eventTimes[i]);
            if (e.Age >= 0)
            {
                cell.Age.Add(e.Age);
            }
        }
    }

    public override void OnWatermark(Watermark watermark) => _aggregator.Advance(watermark);

    public override void Flush(bool early) => _aggregator.Emit(early, _emit);

    public override void StartIncomplete(long coveredFrom) => _aggregator.StartIncomplete(coveredFrom);

    public override void Save(StateWriter writer) => _aggregator.Save(writer);

    public override void Restore(ref StateReader reader) => _aggregator.Restore(ref reader);

    private static Aggregate Counted(long count) => new(count, count, count, 1, 1);

    private static Aggregate Of(in Moments moments) => new(moments.Count, moments.Sum, (double)moments.SumOfSquares, moments.Min, moments.Max);

    private void Emit(WindowPane<MetricKey, MetricCell> pane)
    {
        RollUp(pane.State);
        Add(pane, "all", "all", in _all);
        Add(pane, "nationality", NationalityNames, _byNationality);
        Add(pane, "country", CountryNames, _byNationality);
        Add(pane, "gender", GenderNames, _byGender);
        Add(pane, "age_band", AgeBands.Names, _byAgeBand);
        Add(pane, "event_type", EventTypeNames, _byEventType);
        Add(pane, "nationality_gender", NationalityGenderNames, _byNationalityGender);
    }

    private void RollUp(KeyedState<MetricKey, MetricCell> cells)
    {
        _all = default;
        Array.Clear(_byNationality);
        Array.Clear(_byGender);
        Array.Clear(_byAgeBand);
        Array.Clear(_byEventType);
        Array.Clear(_byNationalityGender);
        var keys = cells.Keys;
        var values = cells.Values;
        for (var i = 0; i < keys.Length; i++)
        {
            ref readonly var key = ref keys[i];
            ref readonly var cell = ref values[i];
            _all.Merge(in cell);
            _byNationality[(int)key.Nationality].Merge(in cell);
            _byGender[(int)key.Gender].Merge(in cell);
            _byAgeBand[key.AgeBand].Merge(in cell);
            _byEventType[(int)key.EventType].Merge(in cell);
            _byNationalityGender[((int)key.Nationality * GenderNames.Length) + (int)key.Gender].Merge(in cell);
        }
    }

    private void Add(WindowPane<MetricKey, MetricCell> pane, string dimension, string[] names, MetricCell[] cells)
    {
        for (var i = 0; i < names.Length; i++)
        {
            Add(pane, dimension, names[i], in cells[i]);
        }
    }

    private void Add(WindowPane<MetricKey, MetricCell> pane, string dimension, string name, in MetricCell cell)
    {
        if (cell.Events == 0)
        {
            return;
        }

        Add(pane, "events", dimension, name, Counted(cell.Events));
        Add(pane, "latency", dimension, name, Of(in cell.Latency));
        if (cell.Age.Count > 0)
        {
            Add(pane, "age", dimension, name, Of(in cell.Age));
        }
    }

    private void Add(WindowPane<MetricKey, MetricCell> pane, string metric, string dimension, string name, Aggregate aggregate)
        => _sink.AddWindow(metric, dimension, name, _grain, pane.Window.Start, aggregate, pane.IsFinal, pane.IsLateUpdate);
}
