using Confluent.Kafka;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog.Kafka;

/// <summary>Faults of brokers, made by the brokers inside this process.</summary>
public sealed class MockKafkaTests(MockKafkaFixture mock) : IClassFixture<MockKafkaFixture>
{
    private const short Produce = 0;
    private const short Fetch = 1;
    private const short OffsetCommit = 8;
    private const short ListOffsets = 2;
    private readonly string _topic = $"t{Guid.NewGuid():N}";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Append_BrokerRefusesForAWhile_EveryRecordIsThereOnceAndInOrder()
    {
        await using var log = Open(partitions: 1);
        mock.Cluster.FailNext(Produce, ErrorCode.NotEnoughReplicas, ErrorCode.NotLeaderForPartition, ErrorCode.RequestTimedOut);

        await AppendAsync(log, 50);

        using var batch = await log.FetchAsync(new Position(new TopicPartition(_topic, 0), 0), 100, Stop);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"v{i}"), batch.Values());
    }

    [Fact]
    public async Task Append_BrokerRefusesForGood_SaysHowManyAreWritten()
    {
        await using var log = Open(partitions: 1);
        mock.Cluster.FailNext(Produce, ErrorCode.TopicAuthorizationFailed);

        var failure = await Assert.ThrowsAsync<RecordLogException>(() => AppendAsync(log, 3));

        Assert.False(failure.IsTransient);
        Assert.Contains(_topic, failure.Message, StringComparison.Ordinal);
        Assert.Contains("0 of 3 records", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Append_BrokerThatStartsDoesNotKnowTheTopicYet_IsATransientFailureAndPasses()
    {
        // The client gives a topic that it has not seen yet half a minute to become known.
        await using var log = Open(partitions: 1, options => options.Client["topic.metadata.propagation.max.ms"] = "1");
        (await log.FetchAsync(new Position(new TopicPartition(_topic, 0), 0), 1, Stop)).Dispose();
        mock.Cluster.SetTopicError(_topic, ErrorCode.UnknownTopicOrPart);

        var failure = await Assert.ThrowsAsync<RecordLogException>(() => AppendAsync(log, 3));
        Assert.True(failure.IsTransient, failure.Message);

        mock.Cluster.SetTopicError(_topic, ErrorCode.NoError);
        await Eventually.TrueAsync(() => AppendsAsync(log));

        async Task<bool> AppendsAsync(KafkaRecordLog log)
        {
            try
            {
                await AppendAsync(log, 3);
                return true;
            }
            catch (RecordLogException e) when (e.IsTransient)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Append_QueueIsFull_WaitsAndLosesNothing()
    {
        await using var log = Open(partitions: 3, options => options.Client["queue.buffering.max.messages"] = "100");

        await AppendAsync(log, 5_000);

        Assert.Equal(5_000, (await log.DescribeAsync(Stop)).Sum(p => p.HighWatermark));
    }

    [Fact]
    public async Task Fetch_ReadingOn_AsksForOffsetsAtTheEndOnly()
    {
        await using var log = Open(partitions: 1);
        await AppendAsync(log, 3_000);
        using var first = await log.FetchAsync(new Position(new TopicPartition(_topic, 0), 0), 500, Stop);
        var values = first.Values().ToList();

        mock.Cluster.StartCounting();
        while (values.Count < 3_000)
        {
            using var next = await log.FetchAsync(new Position(new TopicPartition(_topic, 0), values.Count), 500, Stop);
            values.AddRange(next.Values()!);
        }

        var questions = mock.Cluster.StopCounting(ListOffsets);
        Assert.Equal(0, questions);
        Assert.Equal(Enumerable.Range(0, 3_000).Select(i => $"v{i}"), values);
        using var end = await log.FetchAsync(new Position(new TopicPartition(_topic, 0), 3_000), 500, Stop);
        Assert.Equal(0, end.Count);
    }

    [Fact]
    public async Task Read_StatisticsAreOn_BecomeMetrics()
    {
        using var figures = new System.Diagnostics.Metrics.MeterListener();
        var connected = 0.0;
        figures.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == Diagnostics.SemanticConventions.KafkaConnectedBrokers)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        figures.SetMeasurementEventCallback<int>((_, value, _, _) => connected = Math.Max(connected, value));
        figures.Start();
        await using var log = Open(partitions: 1, options => options.StatisticsInterval = TimeSpan.FromMilliseconds(100));
        await AppendAsync(log, 1);
        await using var reader = log.CreateReader(_topic);
        await reader.SubscribeAsync([_topic], new RecordingListener(), Stop);

        await Eventually.TrueAsync(async () =>
        {
            (await reader.ReadAsync(TimeSpan.FromMilliseconds(50), Stop))?.Dispose();
            figures.RecordObservableInstruments();
            return connected >= 1;
        });
    }

    [Fact]
    public async Task Pause_PartitionWithRecordsFetchedAhead_GivesThemAfterResume()
    {
        await using var log = Open(partitions: 1);
        await AppendAsync(log, 3_000);
        await using var reader = log.CreateReader(_topic);
        await reader.SubscribeAsync([_topic], new RecordingListener(), Stop);
        var partition = new TopicPartition(_topic, 0);
        var next = 0L;
        while (next < 3_000)
        {
            using var batch = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);
            Assert.Equal(next, batch!.Offset(0));
            next = batch.NextOffset;
            reader.Pause(partition);
            Assert.Null(await reader.ReadAsync(TimeSpan.Zero, Stop));
            reader.Resume(partition);
        }
    }

    [Fact]
    public async Task Pause_RecordsGoOnWaiting_TheClientHoldsABoundedNumberOfThem()
    {
        using var figures = new System.Diagnostics.Metrics.MeterListener();
        var held = 0L;
        figures.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == Diagnostics.SemanticConventions.KafkaQueuedMessages)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        figures.SetMeasurementEventCallback<long>((_, value, tags, _) => held = tags.Contains(new(Diagnostics.SemanticConventions.KafkaClientType, "consumer")) ? value : held);
        figures.Start();
        await using var log = Open(partitions: 1, options => options.StatisticsInterval = TimeSpan.FromMilliseconds(100));
        for (var i = 0; i < 40; i++)
        {
            await AppendAsync(log, 1_000);
        }

        await using var reader = log.CreateReader(_topic);
        await reader.SubscribeAsync([_topic], new RecordingListener(), Stop);
        var read = 0L;
        using (var batch = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop))
        {
            reader.Pause(new TopicPartition(_topic, 0));
            read = batch!.NextOffset;
        }

        // Until it has long held no more than before.
        var most = 0L;
        for (var unchanged = 0; most == 0 || unchanged < 20; unchanged++)
        {
            Assert.Null(await reader.ReadAsync(TimeSpan.FromMilliseconds(100), Stop));
            figures.RecordObservableInstruments();
            (most, unchanged) = held > most ? (held, 0) : (most, unchanged);
        }

        Assert.InRange(most, 1, 20_000);
        reader.Resume(new TopicPartition(_topic, 0));
        while (read < 40_000)
        {
            using var batch = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);
            Assert.Equal(read, batch!.Offset(0));
            read = batch.NextOffset;
        }
    }

    [Fact]
    public async Task Describe_NobodyLeadsThePartition_IsATransientFailureHoweverOftenItIsAsked()
    {
        await using var log = Open(partitions: 1, options => options.RequestTimeout = TimeSpan.FromSeconds(2));
        await AppendAsync(log, 3);
        mock.Cluster.SetLeader(_topic, 0, -1);

        // First the leader of before refuses, then there is none to ask.
        for (var i = 0; i < 3; i++)
        {
            var failure = await Assert.ThrowsAsync<RecordLogException>(async () => await log.DescribeAsync(Stop));
            Assert.True(failure.IsTransient, failure.Message);
        }

        mock.Cluster.SetLeader(_topic, 0, 1);
        await Eventually.TrueAsync(async () => await IsDescribedAsync(log));

        static async Task<bool> IsDescribedAsync(KafkaRecordLog log)
        {
            try
            {
                return (await log.DescribeAsync(Stop)).Single().HighWatermark == 3;
            }
            catch (RecordLogException e) when (e.IsTransient)
            {
                return false;
            }
        }
    }

    [Theory]
    [InlineData(ErrorCode.UnknownTopicOrPart)]
    [InlineData(ErrorCode.NotLeaderForPartition)]
    [InlineData(ErrorCode.LeaderNotAvailable)]
    public async Task Describe_BrokerThatStartsDoesNotKnowThePartitionYet_IsATransientFailure(ErrorCode error)
    {
        await using var log = Open(partitions: 1);
        await AppendAsync(log, 3);
        // It is asked for the start and for the end.
        mock.Cluster.FailNext(ListOffsets, error, error);

        var failure = await Assert.ThrowsAsync<RecordLogException>(async () => await log.DescribeAsync(Stop));
        mock.Cluster.FailNoMore(ListOffsets);

        Assert.True(failure.IsTransient, failure.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Describe_BrokerDiesWhileItIsAsked_IsATransientFailureOrTheTruth(int times)
    {
        await using var log = Open(partitions: 1);
        await AppendAsync(log, 3);
        // The connection ends instead of an answer; the client may ask again by itself, or take no answer for one.
        mock.Cluster.FailNext(ListOffsets, [.. Enumerable.Repeat(ErrorCode.Local_Transport, times)]);

        try
        {
            Assert.Equal((0, 3), (await log.DescribeAsync(Stop)).Select(described => (described.Start, described.HighWatermark)).Single());
        }
        catch (RecordLogException e)
        {
            Assert.True(e.IsTransient, e.Message);
        }
        finally
        {
            // The client may have given up before it asked that often, and the other tests ask the same brokers.
            mock.Cluster.FailNoMore(ListOffsets);
        }
    }

    [Fact]
    public async Task Commit_RefusedWhileTheGroupRebalances_IsATransientFailureAndCanBeTriedAgain()
    {
        await using var log = Open(partitions: 1);
        await AppendAsync(log, 3);
        await using var reader = log.CreateReader("g" + _topic);
        await reader.SubscribeAsync([_topic], new RecordingListener(), Stop);
        (await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop))!.Dispose();
        mock.Cluster.FailNext(OffsetCommit, ErrorCode.RebalanceInProgress);
        Position[] read = [new Position(new TopicPartition(_topic, 0), 3)];

        var failure = await Assert.ThrowsAsync<RecordLogException>(async () => await reader.CommitAsync(read, Stop));
        await reader.CommitAsync(read, Stop);

        Assert.True(failure.IsTransient, failure.Message);
        Assert.Equal(read, await log.GetCommittedAsync("g" + _topic, Stop));
    }

    [Fact]
    public async Task Read_TheClientBeginsAnewAtTheStartThoughTheOffsetExists_GoesOnWhereItWas()
    {
        await using var log = Open(partitions: 1);
        await AppendAsync(log, 3);
        await using var reader = log.CreateReader("g" + _topic);
        await reader.SubscribeAsync([_topic], new RecordingListener(), Stop);
        var offsets = new List<long>();
        await ReadUntilAsync(reader, offsets, last: 2);

        // What makes the client do so: it asks its reset policy where to go on.
        mock.Cluster.FailNext(Fetch, ErrorCode.OffsetOutOfRange);
        await AppendAsync(log, 2);
        await ReadUntilAsync(reader, offsets, last: 4);

        Assert.Equal([0, 1, 2, 3, 4], offsets);
    }

    [Fact]
    public async Task Seek_WhileTheClientLooksForAStartOfItsOwn_IsNotUndoneByTheLateAnswer()
    {
        await using var log = Open(partitions: 1);
        await AppendAsync(log, 4);
        await using var reader = log.CreateReader("g" + _topic);
        var (partition, offsets) = (new TopicPartition(_topic, 0), new List<long>());
        mock.Cluster.StartCounting();
        mock.Cluster.SetRoundTrip(TimeSpan.FromMilliseconds(300));
        try
        {
            // Paused, as a task has it until it knows where to start: nothing is read before it is sought.
            await reader.SubscribeAsync([_topic], new RecordingListener { StartAt = Pause }, Stop);
            var reading = ReadUntilAsync(reader, offsets, last: 3);

            // A new group: nothing was committed, so the client asks for the start of the log. Sought meanwhile, it takes the answer for outdated and asks again.
            await Eventually.TrueAsync(() => mock.Cluster.CountOf(ListOffsets) > 0);
            reader.Seek(new Position(partition, 2));
            reader.Resume(partition);
            await reading;

            // For so long that it has asked again.
            Assert.Null(await reader.ReadAsync(TimeSpan.FromSeconds(2), Stop));
        }
        finally
        {
            mock.Cluster.SetRoundTrip(TimeSpan.Zero);
            mock.Cluster.StopCounting(ListOffsets);
        }

        await AppendAsync(log, 2);
        await ReadUntilAsync(reader, offsets, last: 5);

        Assert.Equal([2, 3, 4, 5], offsets);

        IReadOnlyCollection<Position> Pause(IReadOnlyCollection<TopicPartition> given)
        {
            reader.Pause(partition);
            return [];
        }
    }

    [Fact]
    public async Task Describe_NobodyAnswers_IsATransientFailureThatNamesKafka()
    {
        await using var log = new KafkaRecordLog("127.0.0.1:1", KafkaLogs.Options(options => options.RequestTimeout = TimeSpan.FromSeconds(1)), TimeProvider.System, ["t"]);

        var failure = await Assert.ThrowsAsync<RecordLogException>(async () => await log.DescribeAsync(Stop));

        Assert.True(failure.IsTransient);
        Assert.Contains("Kafka", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateTopics_NobodyAnswers_WaitsForTheStartTimeoutOnly()
    {
        await using var log = new KafkaRecordLog(
            "127.0.0.1:1",
            KafkaLogs.Options(options => (options.RequestTimeout, options.StartTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2))),
            TimeProvider.System);

        var failure = await Assert.ThrowsAsync<RecordLogException>(async () => await log.CreateTopicsAsync([new TopicSpec("t", 1, null)], Stop));

        Assert.True(failure.IsTransient);
    }

    private static async Task ReadUntilAsync(IRecordReader reader, List<long> offsets, long last)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!offsets.Contains(last) && TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30))
        {
            using var records = await reader.ReadAsync(TimeSpan.FromSeconds(1), Stop);
            offsets.AddRange(Enumerable.Range(0, records?.Count ?? 0).Select(i => records!.Offset(i)));
        }
    }

    private KafkaRecordLog Open(int partitions, Action<KafkaOptions>? change = null)
    {
        mock.Cluster.CreateTopic(_topic, partitions);
        return new KafkaRecordLog(mock.Cluster.BootstrapServers, KafkaLogs.Options(change), TimeProvider.System);
    }

    private async Task AppendAsync(KafkaRecordLog log, int count)
    {
        await using var writer = log.CreateWriter();
        using var records = Records.Of(Enumerable.Range(0, count).Select(i => ((string?)$"k{i}", (string?)$"v{i}")));
        await writer.AppendAsync(_topic, records, Stop);
    }
}
