using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Streaming.State;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

public sealed class StreamWorkerTests : IAsyncDisposable
{
    private const string Group = "g";
    private readonly InMemoryRecordLog _log = new(sessionTimeout: TimeSpan.FromSeconds(30));
    private readonly InMemoryCheckpointStore _checkpoints = new();
    private readonly MemoryResults _results = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<Effect> _effects = [];
    private int _appended;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    [Fact]
    public async Task Worker_Records_AreStoredAndCommitted()
    {
        await using var worker = await StartAsync();
        await AppendAsync(50);
        await SettledAsync();
        Assert.Equal(50, _results.Progress!.Value.Counters.Stored);
    }

    [Fact]
    public async Task Worker_Stopped_DrainsCheckpointsAndCommitsWhatItProcessed()
    {
        await using (await StartAsync(new StreamTaskSettings { FlushInterval = TimeSpan.FromHours(1), CheckpointInterval = TimeSpan.FromHours(1), EarlyInterval = TimeSpan.FromHours(1) }))
        {
            await AppendAsync(50);
            await Eventually.TrueAsync(() => _current!.Status.Sum(s => s.Progress.Counters.Consumed) == 50);
        }

        Assert.Equal(50, _results.Progress!.Value.NextOffset);
        Assert.Equal(50, await CommittedAsync());
    }

    [Fact]
    public async Task Worker_StoreDown_HoldsBackKeepsPollingAndLosesNothing()
    {
        var down = true;
        _results.Fault = () => Volatile.Read(ref down) ? new RecordLogException("down", isTransient: true) : null;
        await using var worker = await StartAsync(new StreamTaskSettings { FlushInterval = TimeSpan.FromMilliseconds(1), Errors = QuickRetry });
        for (var i = 0; i < 20; i++)
        {
            await AppendAsync(10);
            await Task.Yield();
        }

        await Eventually.TrueAsync(() => _effects.Contains(Effect.WriteResults));
        var polled = _current!.LastPoll;
        await Eventually.TrueAsync(() => _current.LastPoll > polled);
        Assert.All(_current.Status, s => Assert.True(s.QueueDepth <= 2));
        Assert.Null(_results.Progress);

        Volatile.Write(ref down, false);
        await SettledAsync();
        Assert.Equal(200, _results.Progress!.Value.Counters.Stored);
        Assert.Equal(0, (await _log.DescribeAsync(Token)).Single(p => p.TopicPartition.Topic == "t.dlq").HighWatermark);
    }

    [Fact]
    public async Task Worker_RecordsThatCameDuringAWrite_AreWrittenTogether()
    {
        using var goOn = new ManualResetEventSlim();
        _results.Fault = () =>
        {
            goOn.Wait(Token);
            return null;
        };
        var seldom = TimeSpan.FromHours(1);
        await using var worker = await StartAsync(new StreamTaskSettings { FlushInterval = TimeSpan.FromMilliseconds(1), EarlyInterval = seldom, CheckpointInterval = seldom });
        await AppendAsync(10);
        await Eventually.TrueAsync(() => _effects.Contains(Effect.WriteResults));
        for (var waiting = 1; waiting <= 2; waiting++)
        {
            await AppendAsync(10);
            await Eventually.TrueAsync(() => _current!.Status.Single().QueueDepth == waiting);
        }

        goOn.Set();
        await Eventually.TrueAsync(() => _results.Progress?.NextOffset == 30);
        Assert.Equal(2, _results.Writes);
    }

    [Fact]
    public async Task Worker_UnexpectedException_EndsTheWorker()
    {
        _results.Fault = () => new InvalidOperationException("a fault of ours");
        var worker = await StartAsync();
        await AppendAsync(1);
        var ended = await Assert.ThrowsAsync<InvalidOperationException>(() => worker.Completion.WaitAsync(TimeSpan.FromSeconds(20), Token));
        Assert.Equal("a fault of ours", ended.Message);
    }

    [Fact]
    public async Task Worker_AnotherMemberJoins_HandsOverWithoutLossOrRepetition()
    {
        await using var first = await StartAsync();
        await AppendAsync(30);
        await SettledAsync();

        // One partition: it moves only when the first member leaves.
        await first.DisposeAsync();
        await using var second = await StartAsync();
        await AppendAsync(30);
        await SettledAsync();
        Assert.Equal(60, _results.Progress!.Value.Counters.Stored);
        Assert.Equal(60, _results.Records.Count);
    }

    [Fact]
    public async Task Worker_PartitionLost_DropsItsStateAndCommitsNothing()
    {
        await using var worker = await StartAsync(new StreamTaskSettings { FlushInterval = TimeSpan.FromHours(1), CheckpointInterval = TimeSpan.FromHours(1), EarlyInterval = TimeSpan.FromHours(1) });
        await AppendAsync(30);
        await Eventually.TrueAsync(() => _current!.Status.Sum(s => s.Progress.Counters.Consumed) == 30);
        await _current!.OnLostAsync([CountingTopology.Partition], Token);
        Assert.Empty(_current.Status);
        Assert.Null(_results.Progress);
        Assert.Equal(-1, await CommittedAsync());
    }

    [Fact]
    public async Task Worker_PartitionRevoked_WritesAndCommitsBeforeItIsGivenUp()
    {
        await using var worker = await StartAsync(new StreamTaskSettings { FlushInterval = TimeSpan.FromHours(1), CheckpointInterval = TimeSpan.FromHours(1), EarlyInterval = TimeSpan.FromHours(1) });
        await AppendAsync(30);
        await Eventually.TrueAsync(() => _current!.Status.Sum(s => s.Progress.Counters.Consumed) == 30);
        await _current!.OnRevokedAsync([CountingTopology.Partition], Token);
        Assert.Empty(_current.Status);
        Assert.Equal(30, _results.Progress!.Value.NextOffset);
        Assert.Equal(30, await CommittedAsync());
    }

    [Fact]
    public async Task Worker_AnotherWriterTookOver_DropsThePartitionAndComesBack()
    {
        await using var worker = await StartAsync(fencedPause: TimeSpan.FromMilliseconds(50));
        await AppendAsync(10);
        await SettledAsync();
        _results.Epoch++;
        await AppendAsync(10);
        await SettledAsync();
        Assert.Equal(20, _results.Records.Count);
    }

    private static ErrorPolicy QuickRetry => ErrorPolicy.Default with { FirstPause = TimeSpan.FromMilliseconds(5), LongestPause = TimeSpan.FromMilliseconds(5) };

    private StreamWorker<CountingEvent>? _current;

    private async Task<RunningWorker> StartAsync(StreamTaskSettings? settings = null, TimeSpan? fencedPause = null)
    {
        await _log.CreateTopicsAsync([new TopicSpec("t", 1, null), new TopicSpec("t.dlq", 1, null)], Token);
        settings = (settings ?? new StreamTaskSettings
        {
            FlushInterval = TimeSpan.FromMilliseconds(5),
            EarlyInterval = TimeSpan.FromMilliseconds(5),
            CheckpointInterval = TimeSpan.FromMilliseconds(5),
        }) with
        { OnEffect = (_, effect, _) => _effects.Enqueue(effect) };
        var writer = _log.CreateWriter();
        _current = new StreamWorker<CountingEvent>(
            _log,
            new StreamWorkerSettings { Group = Group, Topics = ["t"], QueueCapacity = 2, FencedPause = fencedPause ?? TimeSpan.FromSeconds(30) },
            partition => new StreamTask<CountingEvent>(
                partition,
                CountingTopology.Create(new MemorySink(_results)),
                _checkpoints,
                new DeadLetterWriter(writer, TimeProvider.System, Group),
                settings,
                TimeProvider.System,
                NullLogger.Instance),
            TimeProvider.System,
            NullLogger.Instance);
        return new RunningWorker(_current);
    }

    private async Task AppendAsync(int count)
    {
        await using var writer = _log.CreateWriter();
        using var records = new RecordBatchBuilder();
        for (var i = 0; i < count; i++)
        {
            var id = _appended++;
            records.Add("k"u8, CountingTopology.Record(id, id % 3, EventGen.Start + id, 0).Value, EventGen.Start + id);
        }

        await writer.AppendAsync("t", records, Token);
    }

    private async Task SettledAsync()
        => await Eventually.TrueAsync(async () => _results.Progress?.NextOffset == _appended && await CommittedAsync() == _appended);

    private async Task<long> CommittedAsync()
    {
        var committed = await _log.GetCommittedAsync(Group, Token);
        return committed.Count == 0 ? -1 : committed[0].Offset;
    }

    private sealed class RunningWorker : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();

        public RunningWorker(StreamWorker<CountingEvent> worker) => Completion = Task.Run(() => worker.RunAsync(_stop.Token));

        public Task Completion { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Completion.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }
}
