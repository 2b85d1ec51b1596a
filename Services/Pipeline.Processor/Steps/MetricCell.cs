using Pipeline.Contracts;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Steps;

/// <summary>The finest group that is counted: everything coarser is added up from these when a window is emitted.</summary>
/// <param name="AgeBand">Index in <see cref="AgeBands"/>.</param>
internal readonly record struct MetricKey(Nationality Nationality, Gender Gender, byte AgeBand, EventType EventType);

/// <summary>What is measured of a group.</summary>
internal struct MetricCell
{
    public long Events;

    /// <summary>Age in years of those who have one.</summary>
    public Moments Age;

    /// <summary>From the event to its append, ms. Both times stand in the log, so that a replay measures the same.</summary>
    public Moments Latency;

    public void Merge(in MetricCell other)
    {
        Events += other.Events;
        Age.Merge(in other.Age);
        Latency.Merge(in other.Latency);
    }
}
