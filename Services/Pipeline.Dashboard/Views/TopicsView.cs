using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Dashboard.Status;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Dashboard.Views;

/// <summary>The topics with where their reading stands.</summary>
public sealed record TopicsView(StatusReport Status, IReadOnlyList<TopicView> Topics);

/// <param name="Retention">How long its records are kept, as this process is set; a broker may have been told otherwise.</param>
public sealed record TopicView(string Name, string Description, TimeSpan Retention, IReadOnlyList<PartitionView> Partitions)
{
    public long Records => Partitions.Sum(p => p.Records);

    public bool IsConsumed => Partitions.Any(p => p.Committed is not null);

    public long Waiting => Partitions.Sum(p => p.Waiting);

    /// <summary>Age of the oldest record that waits, seconds.</summary>
    public double LagSeconds => Partitions.Select(p => p.LagSeconds).DefaultIfEmpty().Max();

    /// <summary>Seconds until retention removes the oldest record that waits, unread; null when none waits.</summary>
    public double? SecondsToLoss => Waiting == 0 ? null : Math.Max(0, Retention.TotalSeconds - LagSeconds);

    /// <summary>Whether records may be lost before they are read: more than half of their time is over.</summary>
    public bool IsAtRisk => SecondsToLoss < Retention.TotalSeconds / 2;

    /// <summary>Records of the largest partition against the mean of all: 1 when they are even.</summary>
    public double? Skew => Records == 0 ? null : Partitions.Max(p => p.Records) * Partitions.Count / (double)Records;
}

/// <param name="Waiting">Records whose results are not stored yet.</param>
/// <param name="LagSeconds">Age of the first of them; 0 when none waits.</param>
public sealed record PartitionView(int Partition, long Start, long End, long? Committed, long Lag, long Waiting, double LagSeconds, PartitionStatus? Progress)
{
    public long Records => End - Start;
}

internal sealed class TopicsReader(StatusReader status, IRecordLog log, IOptions<TopicsOptions> options, TimeProvider clock)
{
    public async ValueTask<TopicsView> ReadAsync(bool _, CancellationToken cancellationToken)
    {
        var report = await status.ReadAsync(cancellationToken);
        var topics = new List<TopicView>();
        foreach (var group in report.Topics.GroupBy(t => t.Topic))
        {
            var partitions = new List<PartitionView>();
            foreach (var topic in group)
            {
                partitions.Add(await ToViewAsync(topic, report, cancellationToken));
            }

            topics.Add(new TopicView(group.Key, DescriptionOf(group.Key), IsOfDeadLetters(group.Key) ? options.Value.DeadLetterRetention : options.Value.Retention, partitions));
        }

        return new TopicsView(report, topics);
    }

    private async Task<PartitionView> ToViewAsync(TopicStatus topic, StatusReport report, CancellationToken cancellationToken)
    {
        var progress = report.Partitions.FirstOrDefault(p => p.Topic == topic.Topic && p.Partition == topic.Partition);
        var next = Math.Max(topic.Start, progress?.NextOffset ?? 0);
        var waiting = topic.Committed is null ? 0 : Math.Max(0, topic.End - next);
        var lagSeconds = 0.0;
        if (waiting > 0)
        {
            using var batch = await log.FetchAsync(new Position(new TopicPartition(topic.Topic, topic.Partition), next), 1, cancellationToken);
            lagSeconds = batch.Count == 0 ? 0 : Math.Max(0, clock.GetUtcNow().ToUnixTimeMilliseconds() - batch.Timestamp(0)) / 1000.0;
        }

        return new PartitionView(topic.Partition, topic.Start, topic.End, topic.Committed, topic.Lag, waiting, lagSeconds, progress);
    }

    private static string DescriptionOf(string topic)
        => ContractModel.Embedded.Topics.FirstOrDefault(t => t.Name == topic)?.Description
        ?? (IsOfDeadLetters(topic) ? $"Rejected records of {topic[..^Topics.DeadLetterSuffix.Length]}, with their original bytes." : "");

    private static bool IsOfDeadLetters(string topic) => topic.EndsWith(Topics.DeadLetterSuffix, StringComparison.Ordinal);
}
