using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

// Topics and what they keep: creation, positions, retention, opening again.
public abstract partial class RecordLogConformance
{
    [Fact]
    public async Task CreateTopics_Again_KeepsRecordsAndRefusesAnotherPartitionCount()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAsync(log, Records.Of(("k", "v")));

        await log.CreateTopicsAsync([new TopicSpec(Topic, 2, TimeSpan.FromHours(1))], Stop);
        var refused = await Assert.ThrowsAsync<RecordLogException>(async () => await log.CreateTopicsAsync([new TopicSpec(Topic, 3, null)], Stop));

        Assert.False(refused.IsTransient);
        Assert.Contains("2 partitions", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await log.DescribeAsync(Stop)).Where(o => o.TopicPartition.Topic == Topic).Sum(o => o.HighWatermark));
    }

    [Fact]
    public async Task CreateTopics_OneOfThemIsRefused_CreatesNone()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var other = Topic + "-other";

        await Assert.ThrowsAsync<RecordLogException>(async () => await log.CreateTopicsAsync([new TopicSpec(other, 1, null), new TopicSpec(Topic, 3, null)], Stop));

        Assert.DoesNotContain(await log.DescribeAsync(Stop), o => o.TopicPartition.Topic == other);
    }

    [Fact]
    public async Task Fetch_LimitedCount_ContinuesWithoutGap()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 10)));

        var seen = new List<string?>();
        for (var next = 0L; next < 10;)
        {
            using var batch = await log.FetchAsync(new Position(Partition(), next), 3, Stop);
            Assert.InRange(batch.Count, 1, 3);
            seen.AddRange(batch.Values());
            next = batch.NextOffset;
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"v{i}"), seen);
    }

    [Fact]
    public async Task Fetch_AtTheEnd_IsEmptyAndBehindItRefused()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 2)));

        using var batch = await log.FetchAsync(new Position(Partition(), 2), 3, Stop);

        Assert.Equal(0, batch.Count);
        Assert.Equal(2, batch.NextOffset);
        await Assert.ThrowsAsync<RecordLogException>(async () => await log.FetchAsync(new Position(Partition(), 3), 3, Stop));
    }

    [Fact]
    public async Task Fetch_UnknownPartition_IsRefused()
    {
        var log = await OpenWithTopicAsync();

        await Assert.ThrowsAsync<RecordLogException>(async () => await log.FetchAsync(new Position(Partition(7), 0), 3, Stop));
        await Assert.ThrowsAsync<RecordLogException>(async () => await log.FindOffsetAsync(new TopicPartition("nowhere", 0), 0, Stop));
    }

    [Fact]
    public async Task FindOffset_ByTime_IsTheFirstRecordAtOrAfter()
    {
        Assert.SkipUnless(FindsOffsetsByTime, "this log knows no times");
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, new RecordBatchBuilder().Add("k", "a", 100).Add("k", "b", 200).Add("k", "c", 150));
        await AppendAsync(log, new RecordBatchBuilder().Add("k", "d", 120).Add("k", "e", 300));

        Assert.Equal(0, await log.FindOffsetAsync(Partition(), 100, Stop));
        Assert.Equal(1, await log.FindOffsetAsync(Partition(), 101, Stop));
        Assert.Equal(4, await log.FindOffsetAsync(Partition(), 201, Stop));
        Assert.Equal(5, await log.FindOffsetAsync(Partition(), 301, Stop));
    }

    [Fact]
    public async Task Retention_OldRecords_AreRemovedAndTheStartMoves()
    {
        Assert.SkipUnless(HasOurClock, "this log has a clock of its own");
        var log = await OpenWithTopicAsync(retention: TimeSpan.FromHours(24));
        await AppendAsync(log, Records.Of(T0, Numbered(0, 3)));
        await AppendAsync(log, Records.Of(T0 + 3_600_000, Numbered(3, 2)));
        Time.Advance(TimeSpan.FromHours(24.5));

        var removed = await log.ApplyRetentionAsync(Stop);

        Assert.Equal(3, removed);
        Assert.Contains(new PartitionOffsets(Partition(), 3, 5), await log.DescribeAsync(Stop));
        using var batch = await log.FetchAsync(new Position(Partition(), 3), 10, Stop);
        Assert.Equal(["v3", "v4"], batch.Values());
        var refused = await Assert.ThrowsAsync<RecordLogException>(async () => await log.FetchAsync(new Position(Partition(), 2), 10, Stop));
        Assert.Contains("retention", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retention_EverythingIsOld_OffsetsGoOn()
    {
        Assert.SkipUnless(HasOurClock, "this log has a clock of its own");
        var log = await OpenWithTopicAsync(retention: TimeSpan.FromHours(1));
        await AppendAsync(log, Records.Of(T0, Numbered(0, 3)));
        Time.Advance(TimeSpan.FromHours(2));
        await log.ApplyRetentionAsync(Stop);

        var result = await AppendAsync(log, Records.Of(T0 + 7_200_000, Numbered(3, 1)));

        Assert.Equal([new Position(Partition(), 3)], result.LastOffsets);
        Assert.Contains(new PartitionOffsets(Partition(), 3, 4), await log.DescribeAsync(Stop));
    }

    [Fact]
    public async Task Retention_NoneSet_KeepsEverything()
    {
        Assert.SkipUnless(HasOurClock, "this log has a clock of its own");
        var log = await OpenWithTopicAsync(retention: null);
        await AppendAsync(log, Records.Of(T0, Numbered(0, 3)));
        Time.Advance(TimeSpan.FromDays(10_000));

        Assert.Equal(0, await log.ApplyRetentionAsync(Stop));
        Assert.Contains(new PartitionOffsets(Partition(), 0, 3), await log.DescribeAsync(Stop));
    }

    [Fact]
    public async Task Reopen_AfterClosing_HasEverything()
    {
        Assert.SkipUnless(IsDurable, "this log keeps nothing");
        await using (var log = Open())
        {
            await CreateTopicsAsync(log, new TopicSpec(Topic, 1, null));
            await AppendAsync(log, Records.Of(Numbered(0, 5)));
        }

        var again = Track(Open());
        using var batch = await again.FetchAsync(new Position(Partition(), 0), 10, Stop);
        var result = await AppendAsync(again, Records.Of(Numbered(5, 1)));

        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"v{i}"), batch.Values());
        Assert.Equal([new Position(Partition(), 5)], result.LastOffsets);
    }
}
