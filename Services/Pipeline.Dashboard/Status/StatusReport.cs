using System.ComponentModel;

namespace Pipeline.Dashboard.Status;

public sealed record StatusReport
{
    [Description("`embedded` when no server is used, `full` when all are, else `mixed`.")]
    public required string Profile { get; init; }

    public required string Version { get; init; }

    public required DateTime StartedAt { get; init; }

    public required DateTime Now { get; init; }

    public required IReadOnlyList<TopicStatus> Topics { get; init; }

    [Description("Records whose results are not stored yet. Less than the sum of the lags, because offsets are committed only with a checkpoint.")]
    public required long Waiting { get; init; }

    [Description("Over all partitions since the beginning; consumed = stored + dead_lettered + late + duplicate.")]
    public required Totals Totals { get; init; }

    public required IReadOnlyList<PartitionStatus> Partitions { get; init; }

    [Description("No earlier event time is expected: the minimum over the partitions that are not idle; null before the first event.")]
    public required DateTime? Watermark { get; init; }

    [Description("From append to stored over the last minute, milliseconds, of the slowest partition.")]
    public required Latency Latency { get; init; }

    public required Rates Rates { get; init; }

    public required Freshness Freshness { get; init; }
}

public sealed record TopicStatus(
    string Topic,
    int Partition,
    [property: Description("Offset of the first record that is kept.")] long Start,
    [property: Description("Offset that the next record will get.")] long End,
    [property: Description("Next offset that the processor will read; null for a topic that it does not read.")] long? Committed,
    [property: Description("Records behind the committed offset: end − committed.")] long Lag);

public sealed record Totals(long Consumed, long Stored, long DeadLettered, long Late, long Duplicate)
{
    public bool Balanced => Consumed == Stored + DeadLettered + Late + Duplicate;
}

public sealed record PartitionStatus(
    string Topic,
    int Partition,
    long NextOffset,
    long Consumed,
    long Stored,
    long DeadLettered,
    long Late,
    long Duplicate,
    DateTime? Watermark,
    DateTime? MaxEventTime,
    DateTime UpdatedAt,
    Latency Latency);

public sealed record Latency(double P50, double P95, double P99);

[Description("Events per second over the last ten seconds.")]
public sealed record Rates(double Ingested, double Stored);

public sealed record Freshness(
    [property: Description("When an event was stored last; null before the first. Rejected, late and duplicate records do not count: they bring no new data.")] DateTime? LastStoredAt,
    [property: Description("Seconds since then.")] double? AgeSeconds);
