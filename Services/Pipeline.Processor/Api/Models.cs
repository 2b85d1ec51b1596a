using System.ComponentModel;
using System.Text.Json;
using Pipeline.Storage;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Api;

// The shapes of the API's answers. JSON names are these in snake_case, times are UTC in ISO 8601.

internal sealed record OpenWindows(
    IReadOnlyList<OpenWindowItem> Items,
    [property: Description("As of what the partitions' parts are.")] IReadOnlyList<PartitionState> Partitions);

internal sealed record OpenSessions(IReadOnlyList<OpenSessionItem> Items, IReadOnlyList<PartitionState> Partitions);

internal sealed record PartitionState(
    string Topic,
    int Partition,
    [property: Description("Every record before it is in, none after it.")] long NextOffset,
    DateTime? Watermark)
{
    public static PartitionState Of(StreamTask<PipelineEvent> task)
        => new(task.TopicPartition.Topic, task.TopicPartition.Partition, task.NextOffset, Utc.OrNone(task.Topology.Watermark.Value));
}

internal sealed record OpenWindowItem(
    string Metric,
    string Dimension,
    string Value,
    string Grain,
    DateTime WindowStart,
    DateTime WindowEnd,
    long Count,
    double Sum,
    double? Mean,
    double? Min,
    double? Max,
    [property: Description("How many different ones there are, for the metric `users`.")] long? Distinct,
    Quantiles? Quantiles,
    [property: Description("The watermark has passed its end in every partition; it only takes late events.")] bool IsFinal,
    bool IsLateUpdate)
{
    /// <summary>One item per window and value, merged over the partitions, oldest first.</summary>
    public static IReadOnlyList<OpenWindowItem> Merge(IEnumerable<WindowResult> parts) =>
    [
        .. parts.GroupBy(p => (p.WindowStart, p.Value)).OrderBy(g => g.Key.WindowStart).ThenBy(g => g.Key.Value, StringComparer.Ordinal).Select(g => Of(
            g.First() with
            {
                Aggregate = g.Aggregate(Aggregate.Empty, (sum, p) => sum.Merge(p.Aggregate)),
                IsFinal = g.All(p => p.IsFinal),
                IsLateUpdate = g.Any(p => p.IsLateUpdate),
                Sketches = [.. g.SelectMany(p => p.Sketches)],
            })),
    ];

    private static OpenWindowItem Of(WindowResult w) => new(
        w.Metric,
        w.Dimension,
        w.Value,
        w.Grain,
        Utc.Of(w.WindowStart),
        Utc.Of(w.WindowStart + (long)WindowGrain.LengthOf(w.Grain).TotalMilliseconds),
        w.Aggregate.Count,
        w.Aggregate.Sum,
        w.Aggregate.Mean,
        w.Aggregate.Count > 0 ? w.Aggregate.Min : null,
        w.Aggregate.Count > 0 ? w.Aggregate.Max : null,
        SketchBytes.Distinct(w.Sketches),
        SketchBytes.Quantiles(w.Sketches),
        w.IsFinal,
        w.IsLateUpdate);
}

internal sealed record OpenSessionItem(
    Guid SessionId,
    Guid UserId,
    DateTime Start,
    DateTime End,
    long Events,
    [property: Description("How many events of each type.")] JsonElement EventTypes,
    string EntryType,
    string ExitType,
    bool IsClosed,
    bool IsLateUpdate,
    string Topic,
    int Partition)
{
    public static OpenSessionItem Of(SessionRow s) => new(
        s.SessionId,
        s.UserId,
        Utc.Of(s.Start),
        Utc.Of(s.End),
        s.Events,
        JsonElement.Parse(s.EventTypes),
        s.EntryType,
        s.ExitType,
        s.IsClosed,
        s.IsLateUpdate,
        s.Topic,
        s.Partition);
}

internal static class Utc
{
    private static readonly long Min = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Max = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static DateTime Of(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(unixMs, Min, Max)).UtcDateTime;

    public static DateTime? OrNone(long unixMs) => unixMs == long.MinValue ? null : Of(unixMs);
}
