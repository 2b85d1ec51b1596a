using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

/// <summary>
/// A partition's log, results and checkpoints, which outlive the tasks that a test makes, kills and makes again. Everything runs on
/// the caller's thread; the clock moves when the harness moves it.
/// </summary>
internal sealed class TaskHarness : IAsyncDisposable
{
    private readonly IRecordWriter _deadLetterWriter;

    public TaskHarness()
    {
        DeadLetterLog = new InMemoryRecordLog(Time);
        _deadLetterWriter = DeadLetterLog.CreateWriter();
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000));

    public MemoryResults Results { get; } = new();

    public ICheckpointStore Checkpoints { get; set; } = new InMemoryCheckpointStore();

    public InMemoryRecordLog DeadLetterLog { get; }

    public long Committed { get; private set; } = -1;

    public EffectHook? OnEffect { get; set; }

    public ErrorPolicy Errors { get; set; } = ErrorPolicy.Default;

    public static PartitionOffsets Offsets(IReadOnlyList<TestRecord> log, long start = 0) => new(CountingTopology.Partition, start, log.Count);

    public async Task<TaskHarness> InitializeAsync()
    {
        await DeadLetterLog.CreateTopicsAsync([new TopicSpec("t.dlq", 1, null)], TestContext.Current.CancellationToken);
        return this;
    }

    public StreamTask<CountingEvent> NewTask(TumblingWindows? windows = null, bool isOlderVersion = false, int earlyEvery = 1)
    {
        var settings = new StreamTaskSettings { FlushRows = 20, Errors = Errors, OnEffect = OnEffect };
        var topology = CountingTopology.Create(new MemorySink(Results), windows, isOlderVersion, earlyEvery);
        return new StreamTask<CountingEvent>(
            CountingTopology.Partition, topology, Checkpoints, new DeadLetterWriter(_deadLetterWriter, Time, "test"), settings, Time, NullLogger.Instance);
    }

    public ValueTask CommitAsync(Position position, CancellationToken cancellationToken)
    {
        Committed = position.Offset;
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs a task from where it stands to an offset of the log, in batches, with the effects as they fall due.</summary>
    public async Task<StreamTask<CountingEvent>> RunAsync(IReadOnlyList<TestRecord> log, int batchSize, int until, bool close, TimeSpan? perBatch = null)
    {
        var token = TestContext.Current.CancellationToken;
        var task = NewTask();
        try
        {
            var next = (int)(await task.OpenAsync(Offsets(log), token)).Offset;
            while (next < until)
            {
                var count = Math.Min(batchSize, until - next);
                task.Process(TestRecord.ToBatch(CountingTopology.Partition, next, [.. log.Skip(next).Take(count)], log.Count));
                next += count;
                Time.Advance(perBatch ?? TimeSpan.FromMilliseconds(120));
                while (task.UntilDue() == TimeSpan.Zero)
                {
                    await task.RunDueAsync(CommitAsync, token);
                }
            }

            if (close)
            {
                await task.CloseAsync(CommitAsync, token);
            }

            return task;
        }
        finally
        {
            task.Dispose();
        }
    }

    /// <summary>The results are those of the definition, and every record is accounted for.</summary>
    public void AssertEqualsBruteForce(IReadOnlyList<TestRecord> log)
    {
        var expected = BruteForce.Of(log);
        Assert.Equal(expected.Records, Results.Records);
        Assert.Equal(expected.Windows, Results.Windows);
        Assert.Equal(expected.Counters, Results.Progress!.Value.Counters);
        Assert.True(expected.Counters.Conserves);
        Assert.Equal(log.Count, Results.Progress.Value.NextOffset);
    }

    public async ValueTask DisposeAsync()
    {
        await _deadLetterWriter.DisposeAsync();
        await DeadLetterLog.DisposeAsync();
    }
}
