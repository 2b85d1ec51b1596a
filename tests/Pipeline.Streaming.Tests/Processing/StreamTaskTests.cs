using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

public sealed class StreamTaskTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Open_NewestCheckpointDamaged_FallsBackToTheOneBefore()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Simple(30);
        await harness.RunAsync(log, 5, 10, close: true);
        await harness.RunAsync(log, 5, 20, close: true);
        var newest = (await harness.Checkpoints.ListAsync(CountingTopology.Partition, Token))[0];
        var damaged = (await harness.Checkpoints.LoadAsync(CountingTopology.Partition, newest, Token)).ToArray();
        damaged[damaged.Length / 2] ^= 1;
        await harness.Checkpoints.SaveAsync(CountingTopology.Partition, newest, damaged, Token);

        using var task = harness.NewTask();
        Assert.True((await task.OpenAsync(TaskHarness.Offsets(log), Token)).Offset < 20);
        await harness.RunAsync(log, 5, log.Count, close: true);
        harness.AssertEqualsBruteForce(log);
    }

    [Fact]
    public async Task Open_AllCheckpointsGone_RebuildsFromTheLogAndWritesNoRecordTwice()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Simple(30);
        await harness.RunAsync(log, 5, 20, close: true);
        await harness.Checkpoints.ClearAsync(CountingTopology.Partition, Token);
        harness.Results.Records.Clear();

        await harness.RunAsync(log, 5, log.Count, close: true);
        Assert.Equal(Enumerable.Range(20, 10).Select(o => (long)o), harness.Results.Records.Keys);
        Assert.Equal(BruteForce.Of(log).Windows, harness.Results.Windows);
        Assert.Equal(BruteForce.Of(log).Counters, harness.Results.Progress!.Value.Counters);
    }

    [Fact]
    public async Task Open_CheckpointsDoNotAnswer_WaitsForThemInsteadOfStartingOver()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Simple(30);
        await harness.RunAsync(log, 5, 20, close: true);
        harness.Errors = ErrorPolicy.Default with { FirstPause = TimeSpan.Zero };
        harness.Checkpoints = new SilentAtFirst(harness.Checkpoints);

        using var task = harness.NewTask();
        var position = await task.OpenAsync(TaskHarness.Offsets(log), Token);

        Assert.Equal(20, position.Offset);
    }

    [Fact]
    public async Task Open_ResultsReplacedByOlderOnes_LeavesNothingOut()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Simple(30);
        await harness.RunAsync(log, 5, 20, close: true);
        harness.Results.Records.Clear();
        harness.Results.Windows.Clear();
        harness.Results.Progress = null;

        await harness.RunAsync(log, 5, log.Count, close: true);
        harness.AssertEqualsBruteForce(log);
    }

    [Fact]
    public async Task Open_LogShorterThanTheResults_IsRefused()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        await harness.RunAsync(Simple(30), 5, 30, close: true);

        using var task = harness.NewTask();
        var refused = await Assert.ThrowsAsync<StateRestoreException>(async () => await task.OpenAsync(TaskHarness.Offsets(Simple(10)), Token));
        Assert.Contains("reach to offset 30, but the log ends at 10", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_WindowDefinedDifferently_IsRefusedWithBothDefinitions()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        await harness.RunAsync(Simple(30), 5, 30, close: true);

        using var task = harness.NewTask(TumblingWindows.OfHours);
        var refused = await Assert.ThrowsAsync<StateRestoreException>(async () => await task.OpenAsync(TaskHarness.Offsets(Simple(30)), Token));
        Assert.Contains("'count' was defined as \"tumbling 60000 ms\" and is \"tumbling 3600000 ms\" now", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_CheckpointOfAnOlderVersion_RebuildsFromTheLogAndWritesNoRecordTwice()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Simple(30);
        using (var older = harness.NewTask(isOlderVersion: true))
        {
            await older.OpenAsync(TaskHarness.Offsets(log), Token);
            older.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, [.. log.Take(20)], log.Count));
            await older.CloseAsync(harness.CommitAsync, Token);
        }

        harness.Results.Records.Clear();
        await harness.RunAsync(log, 5, log.Count, close: true);
        Assert.Equal(Enumerable.Range(20, 10).Select(o => (long)o), harness.Results.Records.Keys);
        Assert.Equal(BruteForce.Of(log).Windows, harness.Results.Windows);
        Assert.Equal(BruteForce.Of(log).Counters, harness.Results.Progress!.Value.Counters);
    }

    [Fact]
    public async Task Open_CheckpointOfANewerVersion_IsRefused()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        await harness.RunAsync(Simple(30), 5, 30, close: true);

        using var task = harness.NewTask(isOlderVersion: true);
        await Assert.ThrowsAsync<StateRestoreException>(async () => await task.OpenAsync(TaskHarness.Offsets(Simple(30)), Token));
    }

    [Fact]
    public async Task EndInput_OpenWindows_AreWrittenAsCompleteAndOpenedAgainWhenMoreComesAfterAll()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Simple(30);
        using (var task = harness.NewTask())
        {
            await task.OpenAsync(TaskHarness.Offsets(log), Token);
            task.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, [.. log.Take(20)], log.Count));
            await task.EndInputAsync(harness.CommitAsync, Token);
        }

        Assert.NotEmpty(harness.Results.Windows);
        Assert.All(harness.Results.Windows.Values, w => Assert.True(w.IsFinal));

        await harness.RunAsync(log, 5, log.Count, close: true);
        var expected = BruteForce.Of(log);
        Assert.Equal(expected.Windows.Select(w => (w.Key, w.Value.Count)), harness.Results.Windows.Select(w => (w.Key, w.Value.Count)));
        Assert.Equal(expected.Counters, harness.Results.Progress!.Value.Counters);
    }

    // 2099, 1970 and a clock that goes back while it runs: windows and the watermark go by the records alone.
    [Fact]
    public async Task Process_RecordsOfTheFarFutureAndAClockThatGoesBack_GiveTheSameResults()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        const long Year2099 = 4_070_908_800_000;
        List<TestRecord> log = [.. Simple(30), CountingTopology.Record(900, 1, Year2099, EventGen.Start + 30_000), CountingTopology.Record(901, 1, 0, EventGen.Start + 30_001), .. Simple(40).Skip(30)];
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        for (var i = 0; i < log.Count; i += 10)
        {
            task.Process(TestRecord.ToBatch(CountingTopology.Partition, i, [.. log.Skip(i).Take(10)], log.Count));
            harness.Time.AdjustTime(harness.Time.GetUtcNow() - TimeSpan.FromDays(1));
            await task.CheckpointAsync(harness.CommitAsync, Token);
        }

        await task.CloseAsync(harness.CommitAsync, Token);
        harness.AssertEqualsBruteForce(log);
    }

    [Fact]
    public async Task Open_BeginningOfTheLogGone_DoesNotEmitIncompleteWindows()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Enumerable.Range(0, 20).Select(i => CountingTopology.Record(i, 0, EventGen.Start + (i * 60_000), EventGen.Start + (i * 60_000))).ToList();
        using var task = harness.NewTask();
        var position = await task.OpenAsync(TaskHarness.Offsets(log, start: 4), Token);
        Assert.Equal(4, position.Offset);
        task.Process(TestRecord.ToBatch(CountingTopology.Partition, 4, [.. log.Skip(4)]));
        await task.CloseAsync(harness.CommitAsync, Token);

        // The fourth record's minute + 5 min of tolerated future is the first that no removed record can belong to.
        Assert.Equal(EventGen.Start + (9 * 60_000), harness.Results.Windows.Keys.Min().Start);
        Assert.Equal(16, harness.Results.Records.Count);
    }

    [Fact]
    public async Task Flush_StoreDown_RetriesAndMakesNoDeadLetter()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        harness.Errors = ErrorPolicy.Default with { FirstPause = TimeSpan.FromSeconds(1) };
        var failures = 3;
        harness.Results.Fault = () => failures-- > 0 ? new RecordLogException("down", isTransient: true) : null;
        var log = Simple(10);
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        task.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, log));
        var flush = task.CloseAsync(harness.CommitAsync, Token).AsTask();
        while (!flush.IsCompleted)
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await flush;
        harness.AssertEqualsBruteForce(log);
        Assert.Equal(0, (await harness.DeadLetterLog.DescribeAsync(Token)).Sum(p => p.HighWatermark));
    }

    [Fact]
    public async Task Close_CommitRefusedForAWhile_IsTriedAgain()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        harness.Errors = ErrorPolicy.Default with { FirstPause = TimeSpan.Zero };
        var refusals = 3;
        var log = Simple(10);
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        task.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, log));

        await task.CloseAsync(
            (position, token) => refusals-- > 0 ? throw new RecordLogException("group rebalance in progress", isTransient: true) : harness.CommitAsync(position, token), Token);

        Assert.Equal(10, harness.Committed);
        harness.AssertEqualsBruteForce(log);
    }

    [Fact]
    public async Task Flush_AnotherWriterTookOver_IsFencedAndWritesNothing()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Simple(10);
        using var zombie = harness.NewTask();
        await zombie.OpenAsync(TaskHarness.Offsets(log), Token);
        zombie.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, log));
        using var owner = harness.NewTask();
        await owner.OpenAsync(TaskHarness.Offsets(log), Token);

        await Assert.ThrowsAsync<PartitionFencedException>(async () => await zombie.CloseAsync(harness.CommitAsync, Token));
        Assert.Empty(harness.Results.Records);
        Assert.Equal(-1, harness.Committed);
    }

    [Fact]
    public async Task Flush_DeadLetterTopicCannotBeWritten_StopsBeforeAnythingIsStored()
    {
        // No dead-letter topic was made.
        await using var harness = new TaskHarness();
        List<TestRecord> log = [CountingTopology.Record(1, 1, EventGen.Start, EventGen.Start), CountingTopology.Poison(EventGen.Start)];
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        task.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, log));

        await Assert.ThrowsAsync<RecordLogException>(async () => await task.CloseAsync(harness.CommitAsync, Token));
        Assert.Empty(harness.Results.Records);
        Assert.Equal(-1, harness.Committed);
    }

    [Fact]
    public async Task Process_PolicyFailsOnRejection_StopsWithThePosition()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        harness.Errors = ErrorPolicy.Default with { RejectedRecord = ErrorAction.Fail };
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets([CountingTopology.Poison(0)]), Token);
        var rejected = Assert.Throws<RecordRejectedException>(() => task.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, [CountingTopology.Poison(0)])));
        Assert.Equal(new Position(CountingTopology.Partition, 0), rejected.Position);
    }

    [Fact]
    public async Task RunDue_QuietPartition_EmitsOpenWindowsAndCommits()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Simple(3);
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        task.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, log));
        while (task.UntilDue() is { } due)
        {
            harness.Time.Advance(due);
            await task.RunDueAsync(harness.CommitAsync, Token);
        }

        harness.AssertEqualsBruteForce(log);
        Assert.Equal(3, harness.Committed);
    }

    [Fact]
    public async Task RunDue_OnlyMarkersOfTransactionsBehindTheLastRecord_AreCommitted()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var log = Simple(3);
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        task.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, log));
        await task.CheckpointAsync(harness.CommitAsync, Token);
        task.Process(RecordBatch.Empty(CountingTopology.Partition, 5, 5));
        while (task.UntilDue() is { } due)
        {
            harness.Time.Advance(due);
            await task.RunDueAsync(harness.CommitAsync, Token);
        }

        Assert.Equal(5, harness.Committed);
        Assert.Equal(5, harness.Results.Progress!.Value.NextOffset);
        Assert.Equal(3, harness.Results.Records.Count);
    }

    private static List<TestRecord> Simple(int count)
        => [.. Enumerable.Range(0, count).Select(i => CountingTopology.Record(i, i % 3, EventGen.Start + (i * 7_000), EventGen.Start + (i * 7_000)))];

    /// <summary>Checkpoints behind a server that is not there for the first calls.</summary>
    private sealed class SilentAtFirst(ICheckpointStore inner) : ICheckpointStore
    {
        private int _calls;

        public ValueTask SaveAsync(TopicPartition partition, long sequence, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
            => inner.SaveAsync(partition, sequence, bytes, cancellationToken);

        public ValueTask<IReadOnlyList<long>> ListAsync(TopicPartition partition, CancellationToken cancellationToken)
            => _calls++ == 0 ? throw Silence() : inner.ListAsync(partition, cancellationToken);

        public ValueTask<ReadOnlyMemory<byte>> LoadAsync(TopicPartition partition, long sequence, CancellationToken cancellationToken)
            => _calls++ < 4 ? throw Silence() : inner.LoadAsync(partition, sequence, cancellationToken);

        public ValueTask ClearAsync(TopicPartition partition, CancellationToken cancellationToken) => inner.ClearAsync(partition, cancellationToken);

        private static CheckpointException Silence() => new("Nobody answers.", isTransient: true);
    }
}
