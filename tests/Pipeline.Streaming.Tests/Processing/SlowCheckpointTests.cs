using Pipeline.Streaming.Processing;
using Pipeline.Streaming.State;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

/// <summary>A checkpoint store that takes its time: the task goes on meanwhile, and what is committed never runs ahead of it.</summary>
public sealed class SlowCheckpointTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunDue_CheckpointTakesLong_ResultsAreWrittenMeanwhileAndTheCommitWaits()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var slow = new SlowStore(harness.Checkpoints);
        harness.Checkpoints = slow;
        var log = Log(30);
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        await ProcessAsync(harness, task, log, 0, 10);
        Assert.False(task.Saving!.IsCompleted);

        await ProcessAsync(harness, task, log, 10, 30);
        Assert.Equal(30, harness.Results.Progress!.Value.NextOffset);
        Assert.Equal(-1, harness.Committed);

        slow.Gate.SetResult();
        await task.Saving;
        Assert.Equal(TimeSpan.Zero, task.UntilDue());
        Assert.Equal(10, harness.Committed);
        await task.CloseAsync(harness.CommitAsync, Token);
        Assert.Equal(30, harness.Committed);
        harness.AssertEqualsBruteForce(log);
    }

    [Fact]
    public async Task RunDue_KilledWhileACheckpointIsSaved_TheNextTaskGivesTheSameResults()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var kept = harness.Checkpoints;
        var slow = new SlowStore(kept);
        harness.Checkpoints = slow;
        var log = Log(40);
        using (var task = harness.NewTask())
        {
            await task.OpenAsync(TaskHarness.Offsets(log), Token);
            await ProcessAsync(harness, task, log, 0, 10);
            await ProcessAsync(harness, task, log, 10, 30);
        }

        Assert.Equal(-1, harness.Committed);
        harness.Checkpoints = kept;
        await harness.RunAsync(log, 7, log.Count, close: true);
        harness.AssertEqualsBruteForce(log);
    }

    [Fact]
    public async Task Close_CheckpointIsBeingSaved_IsWaitedForAndItsFaultIsThrown()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var slow = new SlowStore(harness.Checkpoints);
        harness.Checkpoints = slow;
        var log = Log(10);
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        await ProcessAsync(harness, task, log, 0, 10);

        var closing = task.CloseAsync(harness.CommitAsync, Token).AsTask();
        Assert.False(closing.IsCompleted);
        slow.Gate.SetException(new CheckpointException("The disk is gone.", isTransient: false));

        await Assert.ThrowsAsync<CheckpointException>(() => closing);
        Assert.Equal(-1, harness.Committed);
    }

    [Fact]
    public async Task RunDue_StoreWasAwayForMinutes_TheNextCheckpointComesAfterOneInterval()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        var store = new AwayStore(harness.Checkpoints);
        harness.Checkpoints = store;
        var log = Log(30);
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        await ProcessAsync(harness, task, log, 0, 10);
        for (var i = 0; i < 300; i++)
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(task.Saving!.IsCompleted);
        store.IsAway = false;
        await Eventually.TrueAsync(() =>
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
            return task.Saving.IsCompleted;
        });
        await task.RunDueAsync(harness.CommitAsync, Token);
        Assert.Equal(10, harness.Committed);

        await ProcessAsync(harness, task, log, 10, 30);
        await (task.Saving ?? Task.CompletedTask);
        Assert.Equal(30, harness.Committed);
    }

    /// <summary>Processes records and makes every effect that falls due within two seconds.</summary>
    private static async Task ProcessAsync(TaskHarness harness, StreamTask<CountingEvent> task, List<TestRecord> log, int from, int to)
    {
        task.Process(TestRecord.ToBatch(CountingTopology.Partition, from, [.. log.Take(to).Skip(from)], log.Count));
        harness.Time.Advance(TimeSpan.FromSeconds(2));
        while (task.UntilDue() == TimeSpan.Zero)
        {
            await task.RunDueAsync(harness.CommitAsync, Token);
        }
    }

    private static List<TestRecord> Log(int count)
        => [.. Enumerable.Range(0, count).Select(i => CountingTopology.Record(i, i % 3, EventGen.Start + (i * 7_000), EventGen.Start + (i * 7_000)))];

    /// <summary>The first checkpoint is kept when the gate opens; the others at once.</summary>
    private sealed class SlowStore(ICheckpointStore inner) : ICheckpointStore
    {
        public TaskCompletionSource Gate { get; } = new();

        public async ValueTask SaveAsync(TopicPartition partition, long sequence, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            await Gate.Task;
            await inner.SaveAsync(partition, sequence, bytes, cancellationToken);
        }

        public ValueTask<IReadOnlyList<long>> ListAsync(TopicPartition partition, CancellationToken cancellationToken) => inner.ListAsync(partition, cancellationToken);

        public ValueTask<ReadOnlyMemory<byte>> LoadAsync(TopicPartition partition, long sequence, CancellationToken cancellationToken) => inner.LoadAsync(partition, sequence, cancellationToken);

        public ValueTask ClearAsync(TopicPartition partition, CancellationToken cancellationToken) => inner.ClearAsync(partition, cancellationToken);
    }

    /// <summary>Refuses to keep anything while it is away.</summary>
    private sealed class AwayStore(ICheckpointStore inner) : ICheckpointStore
    {
        public bool IsAway { get; set; } = true;

        public ValueTask SaveAsync(TopicPartition partition, long sequence, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
            => IsAway ? throw new CheckpointException("Nobody answers.", isTransient: true) : inner.SaveAsync(partition, sequence, bytes, cancellationToken);

        public ValueTask<IReadOnlyList<long>> ListAsync(TopicPartition partition, CancellationToken cancellationToken) => inner.ListAsync(partition, cancellationToken);

        public ValueTask<ReadOnlyMemory<byte>> LoadAsync(TopicPartition partition, long sequence, CancellationToken cancellationToken) => inner.LoadAsync(partition, sequence, cancellationToken);

        public ValueTask ClearAsync(TopicPartition partition, CancellationToken cancellationToken) => inner.ClearAsync(partition, cancellationToken);
    }
}
