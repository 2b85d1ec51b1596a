using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Dashboard.Status;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Dashboard.Views;

/// <summary>The topics with where their reading stands.</summary>
public sealed record TopicsView(StatusReport Status, IReadOnlyList<TopicView> Topics, LogSurvey Survey);

/// <param name="Retention">How long its records are kept, as this process is set; a broker may have been told otherwise.</param>
public sealed record TopicView(string Name, string Description, TimeSpan Retention, IReadOnlyList<PartitionView> Partitions)
{
    public long Records => Partitions.Sum(p => p.Records);

    public bool IsConsumed => Partitions.Any(p => p.Committed is not null);

    public long Waiting => Partitions.Sum(p => p.Waiting);

    /// <summary>Age of the oldest record that waits, seconds.</summary>
    public double LagSeconds => Partitions.Select(p => p.LagSeconds).DefaultIfEmpty().Max();

    public RetentionRisk Risk => RetentionRisk.Of(Retention, Waiting, LagSeconds);

    /// <summary>What its records take; null when that is not known of every partition.</summary>
    public long? Bytes => Partitions.Aggregate((long?)0, (sum, p) => sum + p.Place?.Bytes);

    public bool IsSizeEstimated => Partitions.Any(p => p.Place is { IsEstimate: true });

    /// <summary>Whether brokers keep it.</summary>
    public bool HasLeaders => Partitions.Any(p => p.Place is { Leader: not null } or { Replicas: > 1 });

    /// <summary>Records of the largest partition against the mean of all: 1 when they are even.</summary>
    public double? Skew => Records == 0 ? null : Partitions.Max(p => p.Records) * Partitions.Count / (double)Records;
}

/// <param name="Waiting">Records whose results are not stored yet.</param>
/// <param name="LagSeconds">Age of the first of them; 0 when none waits.</param>
public sealed record PartitionView(int Partition, long Start, long End, long? Committed, long Lag, long Waiting, double LagSeconds, PartitionStatus? Progress, SurveyedPartition? Place)
{
    public long Records => End - Start;
}

internal sealed class TopicsReader(StatusReader status, LogSurveyor surveyor, IRecordLog log, IOptions<TopicsOptions> options, TimeProvider clock)
{
    public async ValueTask<TopicsView> ReadAsync(bool _, CancellationToken cancellationToken)
    {
        var report = await status.ReadAsync(cancellationToken);
        var survey = await surveyor.ReadAsync(report.Topics, cancellationToken);
        var topics = new List<TopicView>();
        foreach (var group in report.Topics.GroupBy(t => t.Topic))
        {
            var partitions = new List<PartitionView>();
            foreach (var topic in group)
            {
                partitions.Add(await ToViewAsync(topic, report, survey, cancellationToken));
            }

            topics.Add(new TopicView(group.Key, DescriptionOf(group.Key), RetentionOf(group.Key, options.Value), partitions));
        }

        return new TopicsView(report, topics, survey);
    }

    public static TimeSpan RetentionOf(string topic, TopicsOptions options) => IsOfDeadLetters(topic) ? options.DeadLetterRetention : options.Retention;

    /// <summary>Age of a record, seconds; 0 when it is not there.</summary>
    public static async Task<double> AgeAsync(IRecordLog log, Position record, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var batch = await log.FetchAsync(record, 1, cancellationToken);
        return batch.Count == 0 ? 0 : Math.Max(0, clock.GetUtcNow().ToUnixTimeMilliseconds() - batch.Timestamp(0)) / 1000.0;
    }

    private async Task<PartitionView> ToViewAsync(TopicStatus topic, StatusReport report, LogSurvey survey, CancellationToken cancellationToken)
    {
        var progress = report.Partitions.FirstOrDefault(p => p.Topic == topic.Topic && p.Partition == topic.Partition);
        var next = Math.Max(topic.Start, progress?.NextOffset ?? 0);
        var waiting = topic.Committed is null ? 0 : Math.Max(0, topic.End - next);
        var partition = new TopicPartition(topic.Topic, topic.Partition);
        var lagSeconds = waiting > 0 ? await AgeAsync(log, new Position(partition, next), clock, cancellationToken) : 0;
        return new PartitionView(topic.Partition, topic.Start, topic.End, topic.Committed, topic.Lag, waiting, lagSeconds, progress, survey.Partitions.GetValueOrDefault(partition));
    }

    private static string DescriptionOf(string topic)
        => ContractModel.Embedded.Topics.FirstOrDefault(t => t.Name == topic)?.Description
        ?? (IsOfDeadLetters(topic) ? $"Rejected records of {topic[..^Topics.DeadLetterSuffix.Length]}, with their original bytes." : "");

    private static bool IsOfDeadLetters(string topic) => topic.EndsWith(Topics.DeadLetterSuffix, StringComparison.Ordinal);
}
