using Microsoft.Extensions.Options;
using Pipeline.Dashboard.Status;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Dashboard.Views;

/// <summary>What is around the records: where partitions lie, how large they are, and who else reads them.</summary>
/// <param name="GroupsLeftOut">Groups that read these topics or not, beyond those that were asked about.</param>
/// <param name="Problem">Why some of it could not be asked; null when all could.</param>
public sealed record LogSurvey(
    IReadOnlyDictionary<TopicPartition, SurveyedPartition> Partitions, IReadOnlyList<GroupView> Groups, int GroupsLeftOut, string? Problem)
{
    public static LogSurvey Empty { get; } = new(new Dictionary<TopicPartition, SurveyedPartition>(), [], 0, null);
}

/// <param name="Bytes">What its records take; null when that is not known.</param>
/// <param name="IsEstimate">Whether that is the mean of its newest records, because the log does not tell: then it is before compression.</param>
public sealed record SurveyedPartition(string? Leader, int Replicas, int InSync, long? Bytes, bool IsEstimate);

/// <summary>How a consumer group reads a topic, by what it has committed.</summary>
/// <param name="LagSeconds">Age of the oldest record that it has not read; 0 when it has read all.</param>
/// <param name="WorstPartition">Partition with the most records that it has not read.</param>
/// <param name="Lost">Records that retention removed before it had read them.</param>
/// <param name="Rates">Records that come and that it reads, per second since the survey before; null at the first.</param>
public sealed record GroupView(
    string Group, int Members, string Topic, TimeSpan Retention, long Lag, double LagSeconds, int WorstPartition, long WorstLag, long Lost, Rates? Rates)
{
    public RetentionRisk Risk => RetentionRisk.Of(Retention, Lag, LagSeconds);
}

/// <summary>Takes the survey anew after some seconds: it costs a broker many questions, and little of it changes fast.</summary>
internal sealed class LogSurveyor(IRecordLog log, IOptions<TopicsOptions> options, TimeProvider clock) : IDisposable
{
    /// <summary>Each group is asked for by itself, and a shared cluster may have hundreds.</summary>
    private const int MaxGroups = 15;
    private const int SampleOfNewest = 50;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<(string Group, string Topic), Progress> _before = [];
    private LogSurvey? _latest;
    private long _takenAt;

    public async Task<LogSurvey> ReadAsync(IReadOnlyList<TopicStatus> topics, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_latest is null || clock.GetElapsedTime(_takenAt) >= Period)
            {
                _latest = await TakeAsync(topics, cancellationToken);
                _takenAt = clock.GetTimestamp();
            }

            return _latest;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    // A cluster may not let us ask, or may not answer this while it answers the rest: the page then lacks this alone.
    private async Task<LogSurvey> TakeAsync(IReadOnlyList<TopicStatus> topics, CancellationToken cancellationToken)
    {
        var survey = LogSurvey.Empty;
        try
        {
            survey = survey with { Partitions = await LocateAsync(topics, cancellationToken) };
            var names = await log.ListGroupsAsync(cancellationToken);
            var asked = names.OrderBy(group => group.Members == 0).ThenBy(group => group.Name, StringComparer.Ordinal).Take(MaxGroups).ToArray();
            var groups = new List<GroupView>();
            foreach (var group in asked)
            {
                groups.AddRange(await ReadGroupAsync(group, topics, cancellationToken));
            }

            return survey with { Groups = groups, GroupsLeftOut = names.Count - asked.Length };
        }
        catch (RecordLogException e)
        {
            return survey with { Problem = e.Message };
        }
    }

    private async Task<IReadOnlyDictionary<TopicPartition, SurveyedPartition>> LocateAsync(IReadOnlyList<TopicStatus> topics, CancellationToken cancellationToken)
    {
        var places = new Dictionary<TopicPartition, SurveyedPartition>();
        foreach (var (partition, leader, replicas, inSync, bytes) in await log.LocateAsync(cancellationToken))
        {
            var estimate = bytes is null && topics.FirstOrDefault(t => t.Topic == partition.Topic && t.Partition == partition.Partition) is { } topic ? await EstimateAsync(topic, cancellationToken) : null;
            places[partition] = new SurveyedPartition(leader, replicas, inSync, bytes ?? estimate, IsEstimate: bytes is null);
        }

        return places;
    }

    private async Task<long?> EstimateAsync(TopicStatus topic, CancellationToken cancellationToken)
    {
        if (topic.End == topic.Start)
        {
            return 0;
        }

        try
        {
            using var batch = await log.FetchAsync(new Position(new TopicPartition(topic.Topic, topic.Partition), Math.Max(topic.Start, topic.End - SampleOfNewest)), SampleOfNewest, cancellationToken);
            var bytes = Enumerable.Range(0, batch.Count).Sum(i => (long)batch.Key(i).Length + batch.Value(i).Length);
            return batch.Count == 0 ? null : (topic.End - topic.Start) * bytes / batch.Count;
        }
        catch (RecordLogException)
        {
            // Retention may have been there meanwhile.
            return null;
        }
    }

    private async Task<IReadOnlyList<GroupView>> ReadGroupAsync(ConsumerGroup group, IReadOnlyList<TopicStatus> topics, CancellationToken cancellationToken)
    {
        var committed = (await log.GetCommittedAsync(group.Name, cancellationToken)).ToDictionary(p => p.TopicPartition, p => p.Offset);
        var views = new List<GroupView>();
        foreach (var topic in topics.Where(t => committed.ContainsKey(new TopicPartition(t.Topic, t.Partition))).GroupBy(t => t.Topic))
        {
            var partitions = topic.Select(t => (Status: t, Next: committed[new TopicPartition(t.Topic, t.Partition)])).ToArray();
            var lags = partitions.Select(p => Math.Max(0, p.Status.End - Math.Max(p.Status.Start, p.Next))).ToArray();
            var worst = Array.IndexOf(lags, lags.Max());
            views.Add(new GroupView(
                group.Name,
                group.Members,
                topic.Key,
                TopicsReader.RetentionOf(topic.Key, options.Value),
                lags.Sum(),
                await OldestAsync(partitions, cancellationToken),
                partitions[worst].Status.Partition,
                lags[worst],
                partitions.Sum(p => Math.Max(0, p.Status.Start - p.Next)),
                RatesOf((group.Name, topic.Key), new Progress(clock.GetTimestamp(), partitions.Sum(p => p.Status.End), partitions.Sum(p => p.Next)))));
        }

        return views;
    }

    private async Task<double> OldestAsync(IEnumerable<(TopicStatus Status, long Next)> partitions, CancellationToken cancellationToken)
    {
        var oldest = 0.0;
        foreach (var (status, next) in partitions.Where(p => p.Status.End > Math.Max(p.Status.Start, p.Next)))
        {
            oldest = Math.Max(oldest, await TopicsReader.AgeAsync(log, new Position(new TopicPartition(status.Topic, status.Partition), Math.Max(status.Start, next)), clock, cancellationToken));
        }

        return oldest;
    }

    private Rates? RatesOf((string Group, string Topic) key, Progress now)
    {
        var rates = _before.TryGetValue(key, out var before) && clock.GetElapsedTime(before.At, now.At).TotalSeconds is > 0 and var seconds
            ? new Rates((now.End - before.End) / seconds, (now.Next - before.Next) / seconds)
            : null;
        _before[key] = now;
        return rates;
    }

    private readonly record struct Progress(long At, long End, long Next);
}
