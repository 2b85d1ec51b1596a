using Confluent.Kafka;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog.Kafka;

/// <summary>What only a real broker shows: clients that nobody here wrote, transactions, its own clock, its own tools.</summary>
public sealed class KafkaServerTests : IAsyncLifetime
{
    private readonly string _topic = $"t{Guid.NewGuid():N}";
    private readonly string _group = $"g{Guid.NewGuid():N}";
    private readonly List<IAsyncDisposable> _opened = [];
    private string _servers = "";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _servers = RequiresServer.ConnectionString("kafka");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var opened in Enumerable.Reverse(_opened))
        {
            await opened.DisposeAsync();
        }
    }

    [Fact]
    public async Task Read_RecordsOfForeignClient_ComeAsTheyAre()
    {
        var log = await OpenAsync();
        var big = new string('x', 1_000_000);
        foreach (var codec in new[] { "none", "gzip", "snappy", "lz4", "zstd" })
        {
            await KcatAsync(["-P", "-t", _topic, "-p", "0", "-K", "=", "-Z", "-z", codec, "-H", $"codec={codec}", "-H", "a=1", "-H", "a=2"], $"k={codec}\nnull=\n");
            await KcatAsync(["-P", "-t", _topic, "-p", "0", "-z", codec], $"no key {codec}\n");
        }

        await KcatAsync(["-P", "-t", _topic, "-p", "0", "-z", "none", "-X", "message.max.bytes=2000000"], big + "\n");
        var reader = await SubscribeAsync(log);

        var records = await ReadAsync(reader, 16);

        Assert.Equal(Enumerable.Range(0, 16).Select(i => (long)i), records.Select(r => r.Offset));
        Assert.Equal("none", records[0].Value);
        Assert.Equal("k", records[0].Key);
        Assert.Equal([new("codec", "none"), new("a", "1"), new("a", "2")], records[0].Headers);
        Assert.Null(records[1].Value);
        Assert.Null(records[2].Key);
        Assert.Equal("no key zstd", records[14].Value);
        Assert.Equal(big, records[15].Value);
    }

    [Fact]
    public async Task Append_ForeignClientReads_FindsKeyValueAndHeaders()
    {
        var log = await OpenAsync();
        await using var writer = log.CreateWriter();
        using var records = new RecordBatchBuilder();
        records.Add("user", "first", 1_700_000_000_123, ("traceparent", "00-a-b-01"));
        records.Add("user"u8, hasKey: true, [], isTombstone: true, 1_700_000_000_124);
        await writer.AppendAsync(_topic, records, Stop);

        var lines = await KcatAsync(["-C", "-t", _topic, "-e", "-q", "-f", "%k|%s|%S|%T|%h\\n"]);

        Assert.Equal(["user|first|5|1700000000123|traceparent=00-a-b-01", "user||-1|1700000000124|"], lines.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Read_Transactions_OnlyCommittedRecordsComeAndThePositionPassesTheMarkers()
    {
        var log = await OpenAsync();
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = _servers, TransactionalId = _topic }).Build();
        producer.InitTransactions(TimeSpan.FromSeconds(30));
        foreach (var (value, commit) in new[] { ("a", true), ("b", false), ("c", true), ("d", false) })
        {
            producer.BeginTransaction();
            await producer.ProduceAsync(new Confluent.Kafka.TopicPartition(_topic, 0), new Message<Null, string> { Value = value }, Stop);
            if (commit)
            {
                producer.CommitTransaction();
            }
            else
            {
                producer.AbortTransaction();
            }
        }

        var reader = await SubscribeAsync(log);
        var records = await ReadAsync(reader, 2);
        var next = -1L;
        await Eventually.TrueAsync(async () =>
        {
            using var batch = await reader.ReadAsync(TimeSpan.FromMilliseconds(200), Stop);
            next = batch?.NextOffset ?? next;
            return next == 8;
        });
        using var fetched = await log.FetchAsync(new Position(new TopicPartition(_topic, 0), 3), 100, Stop);
        using var markers = await log.FetchAsync(new Position(new TopicPartition(_topic, 0), 5), 100, Stop);

        Assert.Equal(["a", "c"], records.Select(r => r.Value));
        Assert.Equal([0L, 4L], records.Select(r => r.Offset));
        Assert.Equal(["c"], fetched.Values());
        Assert.Equal(0, markers.Count);
        Assert.Equal(8, markers.NextOffset);
    }

    [Fact]
    public async Task Read_MemberDidNotPollInTime_IsToldThatItsPartitionsAreLostAndItsCommitIsFenced()
    {
        var log = await OpenAsync(options => options.MaxPollInterval = TimeSpan.FromSeconds(6));
        var (first, second) = (new RecordingListener(), new RecordingListener());
        var stuck = await SubscribeAsync(log, first);
        await Eventually.TrueAsync(async () =>
        {
            (await stuck.ReadAsync(TimeSpan.FromMilliseconds(50), Stop))?.Dispose();
            return first.Owned.Count == 1;
        });
        var other = await SubscribeAsync(log, second);
        await Eventually.TrueAsync(
            async () =>
            {
                (await other.ReadAsync(TimeSpan.FromMilliseconds(50), Stop))?.Dispose();
                return second.Owned.Count == 1;
            },
            TimeSpan.FromSeconds(60));

        await Assert.ThrowsAsync<PartitionFencedException>(async () => await stuck.CommitAsync([new Position(new TopicPartition(_topic, 0), 0)], Stop));
        await Eventually.TrueAsync(async () =>
        {
            (await stuck.ReadAsync(TimeSpan.FromMilliseconds(50), Stop))?.Dispose();
            return first.Calls.Any(c => c.StartsWith("lost", StringComparison.Ordinal));
        });

        Assert.DoesNotContain(first.Calls, c => c.StartsWith("revoked", StringComparison.Ordinal));
        Assert.Empty(await log.GetCommittedAsync(_group, Stop));
    }

    [Fact]
    public async Task Read_NamedMemberComesBackInTime_HasItsPartitionAgainAndNobodyElseNotices()
    {
        var log = await OpenAsync(options => options.GroupInstanceId = "one", partitions: 2);
        var neighbour = await OpenAsync(options => options.GroupInstanceId = "two", partitions: 2);
        var (first, second) = (new RecordingListener(), new RecordingListener());
        var leaving = await SubscribeAsync(log, first);
        var staying = await SubscribeAsync(neighbour, second);
        await SettledAsync(() => first.Owned.Count == 1 && second.Owned.Count == 1, leaving, staying);
        var (had, calls) = (first.Owned.ToArray(), second.Calls.Count);

        await leaving.DisposeAsync();
        var again = new RecordingListener();
        var returned = await SubscribeAsync(log, again);
        await SettledAsync(() => again.Owned.Count == 1, returned, staying);

        Assert.Equal(had, again.Owned);
        Assert.Equal(calls, second.Calls.Count);
    }

    [Fact]
    public async Task Read_OffsetIsBehindTheEnd_IsRefusedAsSoonAsRecordsCome()
    {
        var log = await OpenAsync();
        var listener = new RecordingListener { StartAt = _ => [new Position(new TopicPartition(_topic, 0), 100)] };
        await AppendAsync(log, "a", "b");
        var reader = await SubscribeAsync(log, listener);

        var refused = await Assert.ThrowsAsync<RecordLogException>(async () =>
        {
            while (true)
            {
                (await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop))?.Dispose();
            }
        });

        Assert.False(refused.IsTransient);
        Assert.Contains("behind the end", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateTopics_ByTwoInstancesAtOnce_BothAreContent()
    {
        var logs = Enumerable.Range(0, 2).Select(_ => Track(new KafkaRecordLog(_servers, KafkaLogs.Options(), TimeProvider.System))).ToList();
        TopicSpec[] topics = [.. Enumerable.Range(0, 4).Select(i => new TopicSpec($"{_topic}-{i}", 3, TimeSpan.FromHours(24)) { MaxRecordBytes = 17 << 20 })];

        await Task.WhenAll(logs.Select(log => log.CreateTopicsAsync(topics, Stop).AsTask()));

        Assert.Equal(12, (await logs[0].DescribeAsync(Stop)).Count);
    }

    [Fact]
    public async Task Lag_KafkasOwnQuestion_IsAnsweredByWhatWasCommitted()
    {
        var log = await OpenAsync();
        await AppendAsync(log, "a", "b", "c");
        var reader = await SubscribeAsync(log);
        await ReadAsync(reader, 3);
        await reader.CommitAsync([new Position(new TopicPartition(_topic, 0), 2)], Stop);

        using var foreign = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = _servers, GroupId = _group }).Build();
        var committed = foreign.Committed([new(_topic, 0)], TimeSpan.FromSeconds(30));

        Assert.Equal(2, committed[0].Offset.Value);
    }

    private static Task SettledAsync(Func<bool> settled, params IRecordReader[] readers) => Eventually.TrueAsync(
        async () =>
        {
            foreach (var reader in readers)
            {
                (await reader.ReadAsync(TimeSpan.FromMilliseconds(20), Stop))?.Dispose();
            }

            return settled();
        },
        TimeSpan.FromSeconds(60));

    private async Task<KafkaRecordLog> OpenAsync(Action<KafkaOptions>? change = null, int partitions = 1)
    {
        var log = Track(new KafkaRecordLog(_servers, KafkaLogs.Options(change), TimeProvider.System));
        await log.CreateTopicsAsync([new TopicSpec(_topic, partitions, null)], Stop);
        return log;
    }

    private async Task<IRecordReader> SubscribeAsync(KafkaRecordLog log, RecordingListener? listener = null)
    {
        var reader = Track(log.CreateReader(_group));
        await reader.SubscribeAsync([_topic], listener ?? new RecordingListener(), Stop);
        return reader;
    }

    private async Task AppendAsync(KafkaRecordLog log, params string[] values)
    {
        await using var writer = log.CreateWriter();
        using var records = Records.Of(values.Select(v => ((string?)"k", (string?)v)));
        await writer.AppendAsync(_topic, records, Stop);
    }

    private static async Task<List<Read>> ReadAsync(IRecordReader reader, int count)
    {
        var records = new List<Read>();
        while (records.Count < count)
        {
            using var batch = await reader.ReadAsync(TimeSpan.FromSeconds(30), Stop);
            Assert.NotNull(batch);
            for (var i = 0; i < batch.Count; i++)
            {
                records.Add(new Read(batch.Offset(i), batch.Keys()[i], batch.Values()[i], HeaderReader.ToList(batch.Headers(i))));
            }
        }

        return records;
    }

    private Task<string> KcatAsync(string[] arguments, string input = "") => Kcat.RunAsync(_servers, arguments, input);

    private T Track<T>(T opened)
        where T : IAsyncDisposable
    {
        _opened.Add(opened);
        return opened;
    }

    private sealed record Read(long Offset, string? Key, string? Value, IReadOnlyList<KeyValuePair<string, string>> Headers);
}
