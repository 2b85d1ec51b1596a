using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Streaming.State;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

/// <summary>A worker with two partitions, each with a store of its own.</summary>
public sealed class StreamWorkerAlignmentTests : IAsyncDisposable
{
    private const long Hour = 3_600_000;
    private readonly InMemoryRecordLog _log = new(sessionTimeout: TimeSpan.FromSeconds(30));
    private readonly InMemoryCheckpointStore _checkpoints = new();
    private readonly MemoryResults[] _results = [new(), new()];
    private readonly CancellationTokenSource _stop = new();
    private StreamWorker<CountingEvent>? _worker;
    private Task _running = Task.CompletedTask;
    private int _id;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
        await _log.DisposeAsync();
    }

    [Fact]
    public async Task Worker_PartitionRunsAhead_IsHeldUntilTheSlowOneHasCaughtUp()
    {
        var down = true;
        _results[1].Fault = () => Volatile.Read(ref down) ? new RecordLogException("down", isTransient: true) : null;
        await StartAsync();
        await AppendAsync(partition: 1, EventGen.Start);
        await Eventually.TrueAsync(() => StatusOf(1)?.Progress.NextOffset == 1);
        await AppendAsync(partition: 1, EventGen.Start + 1);
        await Eventually.TrueAsync(() => StatusOf(1)?.HighWatermark == 2);
        await AppendAsync(partition: 0, EventGen.Start + Hour);
        await Eventually.TrueAsync(() => StatusOf(0)?.State == TaskState.Held);

        await AppendAsync(partition: 0, EventGen.Start + Hour + 1);
        var polled = _worker!.LastPoll;
        await Eventually.TrueAsync(() => _worker.LastPoll > polled);
        Assert.Equal(1, StatusOf(0)!.Progress.NextOffset);

        Volatile.Write(ref down, false);
        await Eventually.TrueAsync(() => StatusOf(0)!.Progress.NextOffset == 2 && StatusOf(1)!.Progress.NextOffset == 2);
        await Eventually.TrueAsync(() => StatusOf(0)!.State == TaskState.Running);
    }

    [Fact]
    public async Task Worker_SilentPartition_HoldsNobody()
    {
        await StartAsync();
        await AppendAsync(partition: 1, EventGen.Start);
        await Eventually.TrueAsync(() => StatusOf(1)?.Progress.NextOffset == 1);
        await AppendAsync(partition: 0, EventGen.Start + Hour);
        await AppendAsync(partition: 0, EventGen.Start + (24 * Hour));
        await Eventually.TrueAsync(() => StatusOf(0)?.Progress.NextOffset == 2);
    }

    [Fact]
    public async Task Read_EveryPartition_SeesItBetweenTwoBatches()
    {
        await StartAsync();
        await AppendAsync(partition: 0, EventGen.Start);
        await AppendAsync(partition: 1, EventGen.Start);
        await Eventually.TrueAsync(() => StatusOf(0)?.Progress.NextOffset == 1 && StatusOf(1)?.Progress.NextOffset == 1);

        var offsets = await _worker!.ReadAsync(task => (task.TopicPartition.Partition, task.NextOffset), Token);
        Assert.Equal([(0, 1L), (1, 1L)], offsets.Order());
        await Assert.ThrowsAsync<FormatException>(() => _worker.ReadAsync<int>(_ => throw new FormatException("a fault of whoever looks"), Token));
        await AppendAsync(partition: 0, EventGen.Start + 1);
        await Eventually.TrueAsync(() => StatusOf(0)?.Progress.NextOffset == 2);
    }

    [Fact]
    public async Task Status_OfAPartition_SaysWhereItsTimeGoesAndWhatWentThroughItsSteps()
    {
        await StartAsync();
        await AppendAsync(partition: 0, EventGen.Start);
        await Eventually.TrueAsync(() => StatusOf(0)?.Progress.NextOffset == 1);

        var status = StatusOf(0)!;
        Assert.Equal(["decode", "event-time", "deduplicate", "lateness", "count"], status.Topology.Steps.Select(s => s.Name));
        Assert.All(status.Topology.Steps, s => Assert.Equal((1, 1), (s.RecordsIn, s.RecordsOut)));
        Assert.True(status.Times.Total > TimeSpan.Zero);
    }

    private PartitionStatus? StatusOf(int partition) => _worker!.Status.FirstOrDefault(s => s.TopicPartition.Partition == partition);

    private async Task StartAsync()
    {
        await _log.CreateTopicsAsync([new TopicSpec("t", 2, null), new TopicSpec("t.dlq", 2, null)], Token);
        var writer = _log.CreateWriter();
        _worker = new StreamWorker<CountingEvent>(
            _log,
            new StreamWorkerSettings { Group = "g", Topics = ["t"], QueueCapacity = 2, MaxWatermarkDrift = TimeSpan.FromMinutes(10) },
            partition => new StreamTask<CountingEvent>(
                partition,
                CountingTopology.Create(new MemorySink(_results[partition.Partition])),
                _checkpoints,
                new DeadLetterWriter(writer, TimeProvider.System, "g"),
                new StreamTaskSettings
                {
                    FlushInterval = TimeSpan.FromMilliseconds(1),
                    Errors = ErrorPolicy.Default with { FirstPause = TimeSpan.FromMilliseconds(5), LongestPause = TimeSpan.FromMilliseconds(5) },
                },
                TimeProvider.System,
                NullLogger.Instance),
            TimeProvider.System,
            NullLogger.Instance);
        _running = Task.Run(() => _worker.RunAsync(_stop.Token), Token);
    }

    private async Task AppendAsync(int partition, long time)
    {
        var key = Enumerable.Range(0, 100).Select(i => Encoding.UTF8.GetBytes($"k{i}")).First(k => Partitioner.ForKey(k, 2) == partition);
        await using var writer = _log.CreateWriter();
        using var records = new RecordBatchBuilder();
        var id = _id++;
        records.Add(key, CountingTopology.Record(id, 0, time, 0).Value, time);
        await writer.AppendAsync("t", records, Token);
    }
}
