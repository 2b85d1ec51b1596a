using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

public abstract partial class RecordLogConformance
{
    [Fact]
    public async Task Read_NewGroup_BeginsAtTheStart()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 3)));
        var reader = await SubscribeAsync(log);

        Assert.Equal(["v0", "v1", "v2"], await ReadValuesAsync(reader, 3));
    }

    [Fact]
    public async Task Read_NothingThere_ReturnsNullAfterTheWait()
    {
        var log = await OpenWithTopicAsync();
        var reader = await SubscribeAsync(log);

        Assert.Null(await reader.ReadAsync(TimeSpan.FromMilliseconds(20), Stop));
    }

    [Fact]
    public async Task Read_WaitingWhenARecordComes_ReturnsIt()
    {
        var log = await OpenWithTopicAsync();
        var reader = await SubscribeAsync(log);
        await reader.ReadAsync(TimeSpan.Zero, Stop);
        var waiting = ReadValuesAsync(reader, 1);

        await AppendAsync(log, Records.Of(Numbered(0, 1)));

        Assert.Equal(["v0"], await waiting);
    }

    [Fact]
    public async Task Read_Cancelled_Throws()
    {
        var log = await OpenWithTopicAsync();
        var reader = await SubscribeAsync(log);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var waiting = reader.ReadAsync(TimeSpan.FromMinutes(1), cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Read_AfterDispose_Throws()
    {
        var log = await OpenWithTopicAsync();
        var reader = await SubscribeAsync(log);
        await reader.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await reader.ReadAsync(TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Read_SeveralPartitions_EveryOneComesInItsOrder()
    {
        var log = await OpenWithTopicAsync(partitions: 3);
        await AppendAsync(log, Records.Of(Enumerable.Range(0, 300).Select(i => ((string?)$"k{i % 10}", (string?)$"{i}"))));
        var reader = await SubscribeAsync(log);

        var byKey = new Dictionary<string, List<int>>();
        for (var count = 0; count < 300;)
        {
            using var batch = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);
            Assert.NotNull(batch);
            count += batch.Count;
            foreach (var (key, value) in batch.Keys().Zip(batch.Values()))
            {
                byKey.TryAdd(key!, []);
                byKey[key!].Add(int.Parse(value!, System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        Assert.All(byKey, k => Assert.Equal(k.Value.Order(), k.Value));
        Assert.Equal(300, byKey.Sum(k => k.Value.Count));
    }

    [Fact]
    public async Task Subscribe_UnknownTopic_IsRefused()
    {
        var log = await OpenWithTopicAsync();
        var reader = Track(log.CreateReader(Group));

        await Assert.ThrowsAsync<RecordLogException>(async () => await reader.SubscribeAsync(["nowhere"], new RecordingListener(), Stop));
    }

    [Fact]
    public async Task Commit_NewMember_ContinuesThere()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 5)));
        var first = await SubscribeAsync(log);
        await ReadValuesAsync(first, 5);
        await first.CommitAsync([new Position(Partition(), 3)], Stop);
        await first.DisposeAsync();

        var second = await SubscribeAsync(log);

        Assert.Equal(["v3", "v4"], await ReadValuesAsync(second, 2));
        Assert.Equal([new Position(Partition(), 3)], await log.GetCommittedAsync(Group, Stop));
    }

    [Fact]
    public async Task Commit_LogReopened_OffsetIsKept()
    {
        Assert.SkipUnless(IsDurable, "this log keeps nothing");
        await using (var log = Open())
        {
            await CreateTopicsAsync(log, new TopicSpec(Topic, 1, null));
            await AppendAsync(log, Records.Of(Numbered(0, 5)));
            await using var reader = log.CreateReader(Group);
            await reader.SubscribeAsync([Topic], new RecordingListener(), Stop);
            await ReadValuesAsync(reader, 5);
            await reader.CommitAsync([new Position(Partition(), 4)], Stop);
        }

        var again = await SubscribeAsync(Track(Open()));

        Assert.Equal(["v4"], await ReadValuesAsync(again, 1));
    }

    [Fact]
    public async Task Committed_GroupThatNeverCommitted_HasNone()
    {
        var log = await OpenWithTopicAsync();

        Assert.Empty(await log.GetCommittedAsync(Group, Stop));
    }

    [Fact]
    public async Task Groups_Two_ReadIndependently()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 2)));
        var one = await SubscribeAsync(log);
        await using var other = log.CreateReader(Group + "-other");
        await other.SubscribeAsync([Topic], new RecordingListener(), Stop);

        Assert.Equal(["v0", "v1"], await ReadValuesAsync(one, 2));
        Assert.Equal(["v0", "v1"], await ReadValuesAsync(other, 2));
    }

    [Fact]
    public async Task Assigned_ListenerNamesAPosition_ReadingBeginsThere()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 5)));
        var reader = await SubscribeAsync(log, new RecordingListener { StartAt = _ => [new Position(Partition(), 3)] });

        Assert.Equal(["v3", "v4"], await ReadValuesAsync(reader, 2));
    }

    [Fact]
    public async Task Seek_BackAndToTheStart_ReadsAgain()
    {
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 4)));
        var reader = await SubscribeAsync(log);
        await ReadValuesAsync(reader, 4);

        reader.Seek(new Position(Partition(), 2));
        Assert.Equal(["v2", "v3"], await ReadValuesAsync(reader, 2));
        reader.Seek(new Position(Partition(), -1));
        Assert.Equal(["v0", "v1", "v2", "v3"], await ReadValuesAsync(reader, 4));
    }

    [Fact]
    public async Task Pause_OnePartition_OnlyTheOthersCome()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAsync(log, Records.Of(Enumerable.Range(0, 40).Select(i => ((string?)$"k{i}", (string?)$"{i}"))));
        var listener = new RecordingListener();
        var reader = await SubscribeAsync(log, listener);
        using var first = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);
        reader.Seek(new Position(Partition(0), 0));
        reader.Seek(new Position(Partition(1), 0));
        reader.Pause(Partition(0));

        using var unpaused = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);
        var none = await reader.ReadAsync(TimeSpan.Zero, Stop);
        reader.Resume(Partition(0));
        using var resumed = await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop);

        Assert.Equal(1, unpaused!.TopicPartition.Partition);
        Assert.Null(none);
        Assert.Equal(0, resumed!.TopicPartition.Partition);
        Assert.Equal(0, resumed.Offset(0));
    }

    [Fact]
    public async Task Read_OffsetRemovedByRetention_GoesOnAtTheStart()
    {
        Assert.SkipUnless(HasOurClock, "this log has a clock of its own");
        var log = await OpenWithTopicAsync(retention: TimeSpan.FromHours(1));
        await AppendAsync(log, Records.Of(T0, Numbered(0, 3)));
        var reader = await SubscribeAsync(log);
        await ReadValuesAsync(reader, 3);
        await AppendAsync(log, Records.Of(T0 + 7_200_000, Numbered(3, 2)));
        Time.Advance(TimeSpan.FromHours(2));
        await log.ApplyRetentionAsync(Stop);

        reader.Seek(new Position(Partition(), 0));

        Assert.Equal(["v3", "v4"], await ReadValuesAsync(reader, 2));
    }

    [Fact]
    public async Task Rebalance_SecondMemberJoins_EachHasHalfAndNobodySharesAPartition()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        var (first, second) = (new RecordingListener(), new RecordingListener());
        var one = await SubscribeAsync(log, first);
        await SettleAsync(() => first.Owned.Count == 4, one);

        var two = await SubscribeAsync(log, second);
        await SettleAsync(() => second.Owned.Count == 2 && first.Owned.Count == 2, one, two);

        Assert.Empty(first.Owned.Intersect(second.Owned));
        Assert.StartsWith("revoked", first.Calls[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rebalance_OwnerHasNotReleasedYet_TheOtherWaits()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        var (first, second) = (new RecordingListener(), new RecordingListener());
        var one = await SubscribeAsync(log, first);
        await SettleAsync(() => first.Owned.Count == 2, one);
        var two = await SubscribeAsync(log, second);

        (await two.ReadAsync(TimeSpan.FromMilliseconds(20), Stop))?.Dispose();
        Assert.Empty(second.Owned);

        await SettleAsync(() => second.Owned.Count == 1, one, two);
    }

    [Fact]
    public async Task Rebalance_CommitWhileRevoking_IsKeptAndTheOtherContinuesThere()
    {
        Assert.SkipUnless(TakesCommitsWhileRevoking, "brokers inside this process begin a round of their own while a member revokes, and refuse its commits then");
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAsync(log, Records.Of(Enumerable.Range(0, 40).Select(i => ((string?)$"k{i}", (string?)$"{i}"))));
        var (first, second) = (new RecordingListener(), new RecordingListener());
        var one = await SubscribeAsync(log, first);
        first.Revoking = async partitions => await one.CommitAsync([.. partitions.Select(p => new Position(p, 5))], Stop);
        await SettleAsync(() => first.Owned.Count == 2, one);
        var two = await SubscribeAsync(log, second);

        RecordBatch? read = null;
        await Eventually.TrueAsync(async () =>
        {
            (await one.ReadAsync(TimeSpan.Zero, Stop))?.Dispose();
            read ??= await two.ReadAsync(TimeSpan.Zero, Stop);
            return read is not null;
        });

        Assert.Equal(5, read!.Offset(0));
        read.Dispose();
    }

    [Fact]
    public async Task Rebalance_MemberLeaves_ItsPartitionsMoveAtOnce()
    {
        var log = await OpenWithTopicAsync(partitions: 4);
        var (first, second) = (new RecordingListener(), new RecordingListener());
        var one = await SubscribeAsync(log, first);
        var two = await SubscribeAsync(log, second);
        await SettleAsync(() => second.Owned.Count == 2 && first.Owned.Count == 2, one, two);

        await two.DisposeAsync();

        await SettleAsync(() => first.Owned.Count == 4, one);
    }

    [Fact]
    public async Task Rebalance_MemberStopsReading_ItsPartitionsMoveAfterTheSessionTimeout()
    {
        Assert.SkipUnless(HasOurClock, "this log has a clock of its own");
        var log = await OpenWithTopicAsync(partitions: 4);
        var (first, second) = (new RecordingListener(), new RecordingListener());
        var one = await SubscribeAsync(log, first);
        var two = await SubscribeAsync(log, second);
        await SettleAsync(() => second.Owned.Count == 2 && first.Owned.Count == 2, one, two);

        Time.Advance(TimeSpan.FromSeconds(6));
        await SettleAsync(() => true, one);
        Assert.Equal(2, first.Owned.Count);

        Time.Advance(TimeSpan.FromSeconds(6));
        await SettleAsync(() => first.Owned.Count == 4, one);
    }

    [Fact]
    public async Task Commit_PartitionWasTakenOver_IsFencedAndKeepsNothing()
    {
        var (log, one, _) = await LetOneDieAsync();

        await Assert.ThrowsAsync<PartitionFencedException>(async () => await one.CommitAsync([new Position(Partition(0), 7), new Position(Partition(1), 7)], Stop));

        Assert.Empty(await log.GetCommittedAsync(Group, Stop));
    }

    [Fact]
    public async Task Read_MemberWasThoughtDead_IsToldThatItsPartitionsAreLost()
    {
        var (_, one, first) = await LetOneDieAsync();

        (await one.ReadAsync(TimeSpan.Zero, Stop))?.Dispose();

        Assert.Contains(first.Calls, c => c.StartsWith("lost", StringComparison.Ordinal));
        Assert.DoesNotContain(first.Calls, c => c.StartsWith("revoked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Commit_LateButNobodyTookOver_IsKept()
    {
        Assert.SkipUnless(HasOurClock, "this log has a clock of its own");
        var log = await OpenWithTopicAsync();
        var listener = new RecordingListener();
        var reader = await SubscribeAsync(log, listener);
        await SettleAsync(() => listener.Owned.Count == 1, reader);
        Time.Advance(TimeSpan.FromMinutes(5));

        await reader.CommitAsync([new Position(Partition(), 0)], Stop);

        Assert.Equal([new Position(Partition(), 0)], await log.GetCommittedAsync(Group, Stop));
    }

    [Fact]
    public async Task Assignment_TwoTopics_EqualNumbersGoToTheSameMember()
    {
        Assert.SkipUnless(AssignsEqualNumbersTogether, "members of this log balance partitions one by one");
        var log = await OpenWithTopicAsync(partitions: 3);
        var other = Topic + "-b";
        await CreateTopicsAsync(log, new TopicSpec(other, 3, null));
        var (first, second) = (new RecordingListener(), new RecordingListener());
        var one = await SubscribeAsync(log, first, Topic, other);
        var two = await SubscribeAsync(log, second, Topic, other);

        await SettleAsync(() => first.Owned.Count + second.Owned.Count == 6 && second.Owned.Count > 0, one, two);

        foreach (var listener in new[] { first, second })
        {
            Assert.Equal(
                listener.Owned.Where(p => p.Topic == Topic).Select(p => p.Partition),
                listener.Owned.Where(p => p.Topic == other).Select(p => p.Partition));
        }
    }

    /// <summary>Two members; the first stops reading until the second has everything.</summary>
    private async Task<(IRecordLog Log, IRecordReader Dead, RecordingListener DeadListener)> LetOneDieAsync()
    {
        Assert.SkipUnless(HasOurClock, "this log has a clock of its own");
        var log = await OpenWithTopicAsync(partitions: 2);
        var (first, second) = (new RecordingListener(), new RecordingListener());
        var one = await SubscribeAsync(log, first);
        await SettleAsync(() => first.Owned.Count == 2, one);
        Time.Advance(TimeSpan.FromSeconds(11));
        var two = await SubscribeAsync(log, second);
        await SettleAsync(() => second.Owned.Count == 2, two);
        return (log, one, first);
    }
}
