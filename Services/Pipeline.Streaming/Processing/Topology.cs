using System.Diagnostics;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing.Steps;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// The plan of one partition: source → steps in order → sink, each with a name, its state and its metrics. Batches go through
/// on the caller's thread; there is no clock, thread or I/O in here.
/// </summary>
public sealed class Topology<TEvent>
    where TEvent : struct
{
    private readonly Step<TEvent>[] _steps;
    private readonly AssignWatermarks<TEvent> _eventTime;
    private uint _turn;

    internal Topology(string source, Step<TEvent>[] steps, AssignWatermarks<TEvent> eventTime, Sink<TEvent> sink, Func<RecordStatus, Rejection> describe)
    {
        Source = source;
        _steps = steps;
        _eventTime = eventTime;
        Sink = sink;
        Describe = describe;
    }

    /// <summary>The topic that is read.</summary>
    public string Source { get; }

    public IReadOnlyList<Step<TEvent>> Steps => _steps;

    public Sink<TEvent> Sink { get; }

    /// <summary>Says in words why a record became a dead letter.</summary>
    public Func<RecordStatus, Rejection> Describe { get; }

    public Watermark Watermark => _eventTime.Current;

    public EventTimeSettings EventTime => _eventTime.Settings;

    /// <summary>Newest event time believed, Unix ms; <see cref="long.MinValue"/> before the first.</summary>
    public long MaxEventTime => _eventTime.MaxEventTime;

    public bool HasUnflushed
    {
        get
        {
            foreach (var step in _steps)
            {
                if (step.HasUnflushed)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Sends a loaded batch through every step; afterwards each record has its outcome.</summary>
    public void Process(StreamBatch<TEvent> batch)
    {
        var before = _eventTime.Current;
        foreach (var step in _steps)
        {
            var pending = batch.Pending;
            var started = Stopwatch.GetTimestamp();
            step.Process(batch);
            step.Metrics.Add(pending, batch.Pending, Stopwatch.GetTimestamp() - started);
        }

        batch.CompletePending();
        if (_eventTime.Current > before)
        {
            Advance(_eventTime.Current);
        }
    }

    /// <summary>No more input will come: every window is complete.</summary>
    public void EndOfInput() => Advance(Watermark.EndOfInput);

    /// <summary>Lets every step hand its changed results to the sink.</summary>
    /// <param name="early">Those that are not final, too.</param>
    /// <param name="inTurn">Those that are not final only of the steps whose turn it is (<see cref="Step{TEvent}.EarlyEvery"/>).</param>
    public void Flush(bool early, bool inTurn = false)
    {
        foreach (var step in _steps)
        {
            step.Flush(early && (!inTurn || _turn % step.EarlyEvery == 0));
        }

        _turn += early && inTurn ? 1u : 0;
    }

    public void StartIncomplete(long coveredFrom)
    {
        foreach (var step in _steps)
        {
            step.StartIncomplete(coveredFrom);
        }
    }

    /// <summary>The steps and what went through them so far. Safe from any thread.</summary>
    public TopologyStatus Snapshot() => new(Source, [.. _steps.Select(step => step.Describe())], Sink.Name);

    private void Advance(Watermark watermark)
    {
        foreach (var step in _steps)
        {
            step.OnWatermark(watermark);
        }
    }
}
