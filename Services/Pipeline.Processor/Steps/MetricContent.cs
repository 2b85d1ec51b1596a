using Pipeline.Contracts;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Steps;

/// <summary>What is measured in one window: exact moments of the finest groups, and sketches of what has no exact small summary.</summary>
internal sealed class MetricContent : IWindowContent<MetricContent>
{
    private static readonly int EventTypes = Enum.GetValues<EventType>().Length;
    private static readonly int Nationalities = Enum.GetValues<Nationality>().Length;

    public KeyedAggregates<MetricKey, MetricCell> Cells { get; } = new((ref MetricCell into, in MetricCell from) => into.Merge(in from));

    public SketchesBy<HyperLogLog> UsersByEventType { get; } = new(EventTypes);

    public SketchesBy<HyperLogLog> UsersByNationality { get; } = new(Nationalities);

    /// <summary>Of the latency in ms; negative ones, from clocks that differ, count as zero.</summary>
    public SketchesBy<QuantileSketch> LatencyByEventType { get; } = new(EventTypes);

    public SketchesBy<QuantileSketch> AgeByNationality { get; } = new(Nationalities);

    public long Entries => Cells.Entries;

    public void Add(in PipelineEvent e, long latency)
    {
        ref readonly var decoded = ref e.Decoded;
        ref var cell = ref Cells[new MetricKey(decoded.Nationality, decoded.Gender, e.AgeBand, decoded.EventType)];
        cell.Events++;
        cell.Latency.Add(latency);
        UsersByEventType[(int)decoded.EventType].AddHash(e.UserHash);
        UsersByNationality[(int)decoded.Nationality].AddHash(e.UserHash);
        LatencyByEventType[(int)decoded.EventType].Add(latency);
        if (decoded.Age >= 0)
        {
            cell.Age.Add(decoded.Age);
            AgeByNationality[(int)decoded.Nationality].Add(decoded.Age);
        }
    }

    public void Merge(MetricContent other)
    {
        Cells.Merge(other.Cells);
        UsersByEventType.Merge(other.UsersByEventType);
        UsersByNationality.Merge(other.UsersByNationality);
        LatencyByEventType.Merge(other.LatencyByEventType);
        AgeByNationality.Merge(other.AgeByNationality);
    }

    public void Clear()
    {
        Cells.Clear();
        UsersByEventType.Clear();
        UsersByNationality.Clear();
        LatencyByEventType.Clear();
        AgeByNationality.Clear();
    }

    public void Save(StateWriter writer)
    {
        Cells.Save(writer);
        UsersByEventType.Save(writer);
        UsersByNationality.Save(writer);
        LatencyByEventType.Save(writer);
        AgeByNationality.Save(writer);
    }

    public void Restore(ref StateReader reader)
    {
        Cells.Restore(ref reader);
        UsersByEventType.Restore(ref reader);
        UsersByNationality.Restore(ref reader);
        LatencyByEventType.Restore(ref reader);
        AgeByNationality.Restore(ref reader);
    }
}
