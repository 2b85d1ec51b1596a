using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

public abstract partial class RecordLogConformance
{
    [Fact]
    public async Task Append_OnePartition_ReadsInOrderWithOffsets()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 3)));
        await AppendAsync(log, Records.Of(Numbered(3, 2)));

        using var batch = await log.FetchAsync(new Position(Partition(), 0), 100, Stop);

        Assert.Equal(["v0", "v1", "v2", "v3", "v4"], batch.Values());
        Assert.Equal([0, 1, 2, 3, 4], Enumerable.Range(0, 5).Select(batch.Offset));
        Assert.Equal(5, batch.NextOffset);
        Assert.Equal(5, batch.HighWatermark);
    }

    [Fact]
    public async Task Append_Result_SaysHowManyAndTheLastOffsets()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 3)));

        var result = await AppendAsync(log, Records.Of(Numbered(3, 2)));

        Assert.Equal(2, result.Count);
        Assert.Equal([new Position(Partition(), 4)], result.LastOffsets);
    }

    [Fact]
    public async Task Append_SameKey_GoesToThePartitionOfTheKeyInOrder()
    {
        var log = await OpenWithTopicAsync(partitions: 3);
        var keys = Enumerable.Range(0, 30).Select(i => $"key-{i}").ToList();
        for (var round = 0; round < 3; round++)
        {
            await AppendAsync(log, Records.Of(keys.Select(k => ((string?)k, (string?)$"{k}:{round}"))));
        }

        for (var number = 0; number < 3; number++)
        {
            using var batch = await log.FetchAsync(new Position(Partition(number), 0), 1000, Stop);
            var expected = keys.Where(k => Partitioner.ForKey(Encoding.UTF8.GetBytes(k), 3) == number).ToList();
            for (var round = 0; round < 3; round++)
            {
                Assert.Equal(expected.Select(k => $"{k}:{round}"), batch.Values().Skip(round * expected.Count).Take(expected.Count));
            }
        }
    }

    [Fact]
    public async Task Append_WithoutKeys_UsesMoreThanOnePartition()
    {
        var log = await OpenWithTopicAsync(partitions: 3);
        await using var writer = log.CreateWriter();
        for (var i = 0; i < 12; i++)
        {
            using var one = Records.Of(Numbered(i, 1));
            await writer.AppendAsync(Topic, one, Stop);
        }

        var offsets = await log.DescribeAsync(Stop);

        Assert.Equal(12, offsets.Where(o => o.TopicPartition.Topic == Topic).Sum(o => o.HighWatermark));
        Assert.True(offsets.Count(o => o.TopicPartition.Topic == Topic && o.HighWatermark > 0) > 1);
    }

    [Fact]
    public async Task Append_NullAndEmptyKeysAndValues_StayDifferent()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of((null, "a"), ("", "b"), ("k", null), ("k", "")));

        using var batch = await log.FetchAsync(new Position(Partition(), 0), 10, Stop);

        Assert.Equal([null, "", "k", "k"], batch.Keys());
        Assert.Equal(["a", "b", null, ""], batch.Values());
    }

    [Fact]
    public async Task Append_HeadersWithRepeatedNamesAndEmptyValues_ComeBackInOrder()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, new RecordBatchBuilder()
            .Add("k", "first", T0, ("a", "1"), ("a", "2"), ("b", ""))
            .Add("k", "second", T0)
            .Add("k", "third", T0, ("日本", "语")));

        using var batch = await log.FetchAsync(new Position(Partition(), 0), 10, Stop);

        Assert.Equal([new("a", "1"), new("a", "2"), new("b", "")], HeaderReader.ToList(batch.Headers(0)));
        Assert.Empty(HeaderReader.ToList(batch.Headers(1)));
        Assert.Equal([new("日本", "语")], HeaderReader.ToList(batch.Headers(2)));
        Assert.Equal("2"u8.ToArray(), HeaderReader.Last(batch.Headers(0), "a"u8).ToArray());
    }

    [Fact]
    public async Task Append_NullHeaderValue_IsNotAnEmptyOne()
    {
        var log = await OpenWithTopicAsync();
        var records = new RecordBatchBuilder();
        records.Add("k"u8, "v"u8, T0);
        records.AddNullHeader("none"u8);
        records.AddHeader("empty"u8, ""u8);
        await AppendAsync(log, records);

        using var batch = await log.FetchAsync(new Position(Partition(), 0), 10, Stop);

        var headers = batch.Headers(0);
        Assert.True(headers.MoveNext());
        Assert.True(headers.IsNull);
        Assert.True(headers.MoveNext());
        Assert.False(headers.IsNull);
        Assert.False(headers.MoveNext());
    }

    [Fact]
    public async Task Append_Timestamps_AreTheProducers()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, new RecordBatchBuilder().Add("k", "a", 5).Add("k", "b", T0).Add("k", "c", -1));

        using var batch = await log.FetchAsync(new Position(Partition(), 0), 10, Stop);

        Assert.Equal([5, T0, -1], Enumerable.Range(0, 3).Select(batch.Timestamp));
    }

    [Fact]
    public async Task Append_BigValues_ComeBackByteForByte()
    {
        var log = await OpenWithTopicAsync();
        var values = new[] { 1, 100_000, 5_000_000, 0, 3 }.Select(RandomNumberGenerator.GetBytes).ToList();
        var records = new RecordBatchBuilder();
        values.ForEach(v => records.Add("k"u8, v, T0));
        await AppendAsync(log, records);

        var offset = 0L;
        foreach (var value in values)
        {
            using var batch = await log.FetchAsync(new Position(Partition(), offset++), 1, Stop);
            Assert.True(value.AsSpan().SequenceEqual(batch.Value(0)));
        }
    }

    [Fact]
    public async Task Append_RecordTooLarge_IsRefusedAndNothingWritten()
    {
        var log = await OpenWithTopicAsync();
        var records = Records.Of(("k", "small"));
        records.Add("k"u8, new byte[RecordLimits.MaxRecordBytes], T0);

        var refused = await Assert.ThrowsAsync<RecordTooLargeException>(() => AppendAsync(log, records));

        Assert.Equal(RecordLimits.MaxRecordBytes + 1, refused.Bytes);
        Assert.Equal(0, (await log.DescribeAsync(Stop)).Single(o => o.TopicPartition == Partition()).HighWatermark);
    }

    [Fact]
    public async Task Append_EmptyBatch_WritesNothing()
    {
        var log = await OpenWithTopicAsync();

        var result = await AppendAsync(log, new RecordBatchBuilder());

        Assert.Equal(0, result.Count);
        Assert.Empty(result.LastOffsets);
    }

    [Fact]
    public async Task Append_BuilderIsReusedAfterwards_RecordsStayAsTheyWere()
    {
        var log = await OpenWithTopicAsync();
        await using var writer = log.CreateWriter();
        using var records = Records.Of(("k", "before"));
        await writer.AppendAsync(Topic, records, Stop);
        records.Clear();
        records.Add("k", "AFTER!", T0);

        using var batch = await log.FetchAsync(new Position(Partition(), 0), 10, Stop);

        Assert.Equal(["before"], batch.Values());
    }

    [Fact]
    public async Task Append_UnknownTopic_IsRefused()
    {
        var log = Track(Open());

        var refused = await Assert.ThrowsAsync<RecordLogException>(() => AppendAsync(log, Records.Of(("k", "v"))));

        Assert.False(refused.IsTransient);
        Assert.Contains(Topic, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Append_CancelledBefore_WritesNothing()
    {
        var log = await OpenWithTopicAsync();
        await using var writer = log.CreateWriter();
        using var records = Records.Of(("k", "v"));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await writer.AppendAsync(Topic, records, new CancellationToken(canceled: true)));

        using var batch = await log.FetchAsync(new Position(Partition(), 0), 10, Stop);
        Assert.Equal(0, batch.Count);
    }

    [Fact]
    public async Task Append_ManyTasks_OffsetsHaveNoGapsAndEachCallersOrderHolds()
    {
        const int Tasks = 16, Appends = 25, Size = 4;
        var log = await OpenWithTopicAsync(partitions: 3);
        await using var writer = log.CreateWriter();
        var lastOffsets = new ConcurrentBag<Position>();

        await Parallel.ForAsync(0, Tasks, new ParallelOptions { MaxDegreeOfParallelism = Tasks, CancellationToken = Stop }, async (task, stop) =>
        {
            for (var i = 0; i < Appends; i++)
            {
                using var records = Records.Of(Numbered(i * Size, Size, $"task-{task}"));
                var result = await writer.AppendAsync(Topic, records, stop);
                lastOffsets.Add(Assert.Single(result.LastOffsets));
            }
        });

        Assert.Equal(Tasks * Appends, lastOffsets.Distinct().Count());
        var byKey = new Dictionary<string, List<string?>>();
        for (var number = 0; number < 3; number++)
        {
            for (var next = 0L; ;)
            {
                using var batch = await log.FetchAsync(new Position(Partition(number), next), 100, Stop);
                if (batch.Count == 0)
                {
                    break;
                }

                Assert.Equal(Enumerable.Range(0, batch.Count).Select(i => next + i), Enumerable.Range(0, batch.Count).Select(batch.Offset));
                foreach (var (key, value) in batch.Keys().Zip(batch.Values()))
                {
                    byKey.TryAdd(key!, []);
                    byKey[key!].Add(value);
                }

                next = batch.NextOffset;
            }
        }

        Assert.Equal(Tasks, byKey.Count);
        Assert.All(byKey.Values, values => Assert.Equal(Enumerable.Range(0, Appends * Size).Select(i => $"v{i}"), values));
    }
}
