using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Dashboard.Status;
using Pipeline.Dashboard.Views;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>What the page of topics says of other groups, of leaders and of sizes.</summary>
public sealed class LogSurveyorTests : IAsyncDisposable
{
    private const string Topic = "users_topic";

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly InMemoryRecordLog _log;

    public LogSurveyorTests() => _log = new InMemoryRecordLog(_clock, sessionTimeout: TimeSpan.FromDays(30));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    [Fact]
    public async Task Group_ThatReadsOn_HasLagRatesAndTimeToClear()
    {
        await _log.CreateTopicsAsync([new TopicSpec(Topic, 1, null)], Stop);
        await AppendAsync(100);
        await using var reader = await CommitAsync("other", 20);
        using var surveyor = Surveyor(_log);
        _clock.Advance(TimeSpan.FromSeconds(30));

        var first = Assert.Single((await SurveyAsync(surveyor)).Groups);
        Assert.Equal(("other", 1, Topic, 80L, 30.0, 0L), (first.Group, first.Members, first.Topic, first.Lag, first.LagSeconds, first.Lost));
        Assert.Equal((0, 80L), (first.WorstPartition, first.WorstLag));
        Assert.Null(first.Rates);

        // Ten seconds later: 10 more have come, 60 more were read.
        _clock.Advance(TimeSpan.FromSeconds(10));
        await AppendAsync(10);
        await reader.CommitAsync([new Position(new TopicPartition(Topic, 0), 80)], Stop);
        var second = Assert.Single((await SurveyAsync(surveyor)).Groups);
        Assert.Equal((30L, 40.0, new Rates(1, 6)), (second.Lag, second.LagSeconds, second.Rates));
        Assert.Equal(6, FlowState.SecondsToClear(second.Rates!, second.Lag));
    }

    [Fact]
    public async Task Group_ThatReadsTooLate_IsSaidToHaveLost()
    {
        await _log.CreateTopicsAsync([new TopicSpec(Topic, 1, TimeSpan.FromHours(24))], Stop);
        await AppendAsync(10);
        await using var reader = await CommitAsync("slow", 4);
        _clock.Advance(TimeSpan.FromHours(16));
        await AppendAsync(5);
        using var surveyor = Surveyor(_log);

        var risky = Assert.Single((await SurveyAsync(surveyor)).Groups);
        Assert.True(risky.Risk.IsHigh);
        Assert.Equal(TimeSpan.FromHours(8).TotalSeconds, risky.Risk.SecondsToLoss);

        _clock.Advance(TimeSpan.FromHours(16));
        await _log.ApplyRetentionAsync(Stop);
        Assert.Equal((6L, 5L), ((await SurveyAsync(surveyor)).Groups[0].Lost, (await SurveyAsync(surveyor)).Groups[0].Lag));
    }

    [Fact]
    public async Task Sizes_ThatTheLogTells_AreItsOwn()
    {
        await _log.CreateTopicsAsync([new TopicSpec(Topic, 1, null)], Stop);
        await AppendAsync(100);
        using var surveyor = Surveyor(_log);

        Assert.Equal(new SurveyedPartition(null, 1, 1, 1200, IsEstimate: false), (await SurveyAsync(surveyor)).Partitions[new TopicPartition(Topic, 0)]);
    }

    [Fact]
    public async Task Log_ThatDoesNotAnswerSomething_LeavesTheRest()
    {
        // It holds no records, neither to estimate a size from nor to say how old they are.
        var partition = new TopicPartition(Topic, 0);
        var log = new StubLog
        {
            Places = { new PartitionPlace(partition, "1 (broker:9092)", 3, 2, null) },
            Groups = { (new ConsumerGroup("other", 0), [new Position(partition, 4)]) },
        };
        using var surveyor = Surveyor(log);

        var survey = await surveyor.ReadAsync([new TopicStatus(Topic, 0, 0, 10, 0, 10)], Stop);

        Assert.Equal(new SurveyedPartition("1 (broker:9092)", 3, 2, null, IsEstimate: true), survey.Partitions[partition]);
        Assert.Empty(survey.Groups);
        Assert.Equal("It holds no records.", survey.Problem);
    }

    private LogSurveyor Surveyor(IRecordLog log) => new(log, Options.Create(new TopicsOptions()), _clock);

    private async Task<LogSurvey> SurveyAsync(LogSurveyor surveyor)
        => await surveyor.ReadAsync([.. (await _log.DescribeAsync(Stop)).Select(p => new TopicStatus(p.TopicPartition.Topic, p.TopicPartition.Partition, p.Start, p.HighWatermark, null, 0))], Stop);

    /// <summary>Records of 12 bytes.</summary>
    private async Task AppendAsync(int count)
    {
        using var records = new RecordBatchBuilder();
        for (var i = 0; i < count; i++)
        {
            records.Add("ab"u8, "0123456789"u8, _clock.GetUtcNow().ToUnixTimeMilliseconds());
        }

        await using var writer = _log.CreateWriter();
        await writer.AppendAsync(Topic, records, Stop);
    }

    private async Task<IRecordReader> CommitAsync(string group, long offset)
    {
        var reader = _log.CreateReader(group);
        await reader.SubscribeAsync([Topic], new RecordingListener(), Stop);
        (await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop))?.Dispose();
        await reader.CommitAsync([new Position(new TopicPartition(Topic, 0), offset)], Stop);
        return reader;
    }
}
