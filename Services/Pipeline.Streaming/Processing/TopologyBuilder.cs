using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing.Steps;

namespace Pipeline.Streaming.Processing;

/// <summary>Where a topology begins.</summary>
public static class Topology
{
    /// <param name="source">The topic that is read.</param>
    public static TopologyBuilder<TEvent> From<TEvent>(string source)
        where TEvent : struct
        => new(source);
}

/// <summary>Builds the topology of one partition, step by step in the order of the flow.</summary>
public sealed class TopologyBuilder<TEvent>
    where TEvent : struct
{
    private readonly string _source;
    private readonly List<Step<TEvent>> _steps = [];
    private AssignWatermarks<TEvent>? _eventTime;

    internal TopologyBuilder(string source) => _source = source;

    public TopologyBuilder<TEvent> Then(Step<TEvent> step)
    {
        if (_steps.Exists(s => s.Name == step.Name))
        {
            throw new ArgumentException($"The topology has a step '{step.Name}' already; its state is kept under its name.", nameof(step));
        }

        _steps.Add(step);
        return this;
    }

    /// <summary>From here on every record has a watermark; exactly once in a topology, behind the step that decodes.</summary>
    public TopologyBuilder<TEvent> WithEventTime(EventTimeSettings settings)
    {
        if (_eventTime is not null)
        {
            throw new InvalidOperationException("The topology has its event time already.");
        }

        _eventTime = new AssignWatermarks<TEvent>(settings);
        return Then(_eventTime);
    }

    /// <summary>Completes the topology.</summary>
    /// <param name="describe">Says in words why a record became a dead letter.</param>
    public Topology<TEvent> To(Sink<TEvent> sink, Func<RecordStatus, Rejection> describe)
        => new(
            _source,
            [.. _steps],
            _eventTime ?? throw new InvalidOperationException("The topology has no event time: call WithEventTime behind the step that decodes."),
            sink,
            describe);
}
