using System.Reflection;
using Pipeline.Contracts;
using Pipeline.Dashboard.Api;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Dashboard.Status;

/// <summary>Puts the status together from the log's offsets and the store's progress.</summary>
public sealed class StatusReader(IRecordLog log, IResultStore store, RateWindow rates, IConfiguration configuration, TimeProvider clock)
{
    /// <summary>A partition that has had nothing to do for this long does not hold the watermark back.</summary>
    private const long IdleAfterMs = 60_000;

    private static readonly string[] ConsumedTopics = [Topics.Users, Topics.Activity];

    private readonly DateTime _startedAt = clock.GetUtcNow().UtcDateTime;
    private readonly string _profile = ProfileOf(configuration);

    public static string Version { get; } = typeof(StatusReader).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    public async Task<StatusReport> ReadAsync(CancellationToken cancellationToken)
    {
        // Progress first: offsets read afterwards are never behind it, so that lag cannot look negative.
        var progress = await store.GetProgressAsync(cancellationToken);
        var committed = await log.GetCommittedAsync(Topics.ProcessorGroup, cancellationToken);
        var offsets = await log.DescribeAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var topics = offsets.Select(o => ToTopic(o, committed)).OrderBy(t => t.Topic, StringComparer.Ordinal).ThenBy(t => t.Partition).ToArray();
        var lastStored = progress.Select(p => p.LastStoredAt).DefaultIfEmpty(long.MinValue).Max();
        return new StatusReport
        {
            Profile = _profile,
            Version = Version,
            StartedAt = _startedAt,
            Now = now.UtcDateTime,
            Topics = topics,
            Waiting = topics.Where(t => t.Committed is not null).Sum(t => Math.Max(0, t.End - Math.Max(t.Start, NextOffsetOf(t, progress)))),
            Totals = TotalsOf(progress),
            Partitions = [.. progress.OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition).Select(ToPartition)],
            Watermark = UtcTime.FromUnixMsOrNone(WatermarkOf(progress, now.ToUnixTimeMilliseconds())),
            Latency = LatencyOf(progress),
            Rates = rates.Current(),
            Freshness = new Freshness(
                UtcTime.FromUnixMsOrNone(lastStored),
                lastStored == long.MinValue ? null : Math.Max(0, now.ToUnixTimeMilliseconds() - lastStored) / 1000.0),
        };
    }

    /// <summary>Takes the sample from which the rates are computed.</summary>
    public async Task SampleAsync(CancellationToken cancellationToken)
    {
        var stored = (await store.GetProgressAsync(cancellationToken)).Sum(p => p.Stored);
        var ingested = (await log.DescribeAsync(cancellationToken)).Where(o => ConsumedTopics.Contains(o.TopicPartition.Topic)).Sum(o => o.HighWatermark);
        rates.Add((long)clock.GetElapsedTime(0).TotalMilliseconds, ingested, stored);
    }

    public static string ProfileOf(IConfiguration configuration)
    {
        string[] servers = ["kafka", "cassandra", "postgres"];
        return servers.Count(name => !string.IsNullOrWhiteSpace(configuration.GetConnectionString(name))) switch
        {
            0 => "embedded",
            3 => "full",
            _ => "mixed",
        };
    }

    private static TopicStatus ToTopic(PartitionOffsets offsets, IReadOnlyList<Streaming.Position> committed)
    {
        var (topic, partition) = offsets.TopicPartition;
        if (!ConsumedTopics.Contains(topic))
        {
            return new TopicStatus(topic, partition, offsets.Start, offsets.HighWatermark, null, 0);
        }

        var next = offsets.Start;
        foreach (var position in committed)
        {
            if (position.TopicPartition == offsets.TopicPartition)
            {
                next = Math.Max(next, position.Offset);
            }
        }

        return new TopicStatus(topic, partition, offsets.Start, offsets.HighWatermark, next, Math.Max(0, offsets.HighWatermark - next));
    }

    private static long NextOffsetOf(TopicStatus topic, IReadOnlyList<PartitionProgress> progress)
        => progress.FirstOrDefault(p => p.Topic == topic.Topic && p.Partition == topic.Partition)?.NextOffset ?? 0;

    private static Totals TotalsOf(IReadOnlyList<PartitionProgress> progress) => new(
        progress.Sum(p => p.Consumed),
        progress.Sum(p => p.Stored),
        progress.Sum(p => p.DeadLettered),
        progress.Sum(p => p.Late),
        progress.Sum(p => p.Duplicate));

    private static long WatermarkOf(IReadOnlyList<PartitionProgress> progress, long now)
    {
        var known = progress.Where(p => p.Watermark != long.MinValue).ToArray();
        var busy = known.Where(p => now - p.UpdatedAt < IdleAfterMs).ToArray();
        return (busy.Length > 0 ? busy.Min(p => (long?)p.Watermark) : known.Max(p => (long?)p.Watermark)) ?? long.MinValue;
    }

    private static Latency LatencyOf(IReadOnlyList<PartitionProgress> progress) => new(
        progress.Select(p => p.LatencyP50).DefaultIfEmpty().Max(),
        progress.Select(p => p.LatencyP95).DefaultIfEmpty().Max(),
        progress.Select(p => p.LatencyP99).DefaultIfEmpty().Max());

    private static PartitionStatus ToPartition(PartitionProgress p) => new(
        p.Topic,
        p.Partition,
        p.NextOffset,
        p.Consumed,
        p.Stored,
        p.DeadLettered,
        p.Late,
        p.Duplicate,
        UtcTime.FromUnixMsOrNone(p.Watermark),
        UtcTime.FromUnixMsOrNone(p.MaxEventTime),
        UtcTime.FromUnixMs(p.UpdatedAt),
        new Latency(p.LatencyP50, p.LatencyP95, p.LatencyP99));
}
