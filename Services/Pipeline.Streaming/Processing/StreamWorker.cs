using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Diagnostics;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// One member of a consumer group: one loop reads, every assigned partition has a task of its own behind a bounded queue. The
/// loop never waits for a task, so it keeps polling (and its membership) while a store is down. Revoked partitions are drained,
/// checkpointed and committed; lost ones are dropped. An unexpected exception of a task ends <see cref="RunAsync"/>.
/// </summary>
/// <param name="createTask">Makes the task of a partition that was assigned.</param>
public sealed class StreamWorker<TEvent>(
    IRecordLog log,
    StreamWorkerSettings settings,
    Func<TopicPartition, StreamTask<TEvent>> createTask,
    TimeProvider time,
    ILogger logger) : IAssignmentListener
    where TEvent : struct
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(200);

    // A resumed partition doesn't wake a waiting reader, so don't wait long while one may resume.
    private static readonly TimeSpan MaxWaitWhilePaused = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentDictionary<TopicPartition, PartitionRunner<TEvent>> _runners = new();

    // The reading loop's own: what each partition had processed when it looked last, and the watermark over all of them.
    private readonly Dictionary<TopicPartition, long> _lastOffsets = [];
    private readonly PartitionWatermarks _watermarks = new(settings.IdleTimeout);
    private readonly WatermarkAlignment _alignment = new(settings.MaxWatermarkDrift, settings.IdleTimeout);
    private long _watermark = Watermark.None.Value;
    private IRecordReader? _reader;

    /// <summary>When the loop polled last, in the clock's ticks; 0 before the first time. A loop that stands still is not well.</summary>
    public long LastPoll { get; private set; }

    /// <summary>The assigned partitions as they are now. Safe from any thread.</summary>
    public IReadOnlyList<PartitionStatus> Status
        => [.. _runners.Values.Select(r => r.Status).OrderBy(s => s.TopicPartition.Topic, StringComparer.Ordinal).ThenBy(s => s.TopicPartition.Partition)];

    /// <summary>
    /// The event time before which no partition that is active expects anything more; a partition that is silent does not hold it
    /// back. Safe from any thread.
    /// </summary>
    public Watermark Watermark => new(Volatile.Read(ref _watermark));

    /// <summary>
    /// Looks at every assigned partition's task on its own thread, between two batches: what is seen of one partition belongs
    /// together, what is seen of several is some milliseconds apart. Safe from any thread; costs a task that nobody looks at nothing.
    /// </summary>
    /// <exception cref="OperationCanceledException">A task ended, or too many look already.</exception>
    public Task<TResult[]> ReadAsync<TResult>(Func<StreamTask<TEvent>, TResult> read, CancellationToken cancellationToken)
        => Task.WhenAll(_runners.Values.Select(r => r.ReadAsync(read))).WaitAsync(cancellationToken);

    /// <summary>Reads and processes until the token asks to stop, then drains.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var metrics = new StreamWorkerMetrics(() => Status, time);
        await using var reader = log.CreateReader(settings.Group);
        _reader = reader;
        try
        {
            await reader.SubscribeAsync(settings.Topics, this, stoppingToken);
            var failures = 0;
            while (!stoppingToken.IsCancellationRequested)
            {
                await ObserveRunnersAsync();
                LastPoll = time.GetTimestamp();
                try
                {
                    if (await reader.ReadAsync(AnyPaused() ? MaxWaitWhilePaused : MaxWait, stoppingToken) is { } records)
                    {
                        Route(records);
                    }

                    failures = 0;
                }
                catch (RecordLogException e) when (e.IsTransient)
                {
                    var pause = ErrorPolicy.Default.PauseAfter(++failures);
                    Log.ReadRetried(logger, failures, pause.TotalMilliseconds, e.Message);
                    await Task.Delay(pause, time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop: drained below.
        }
        finally
        {
            await Task.WhenAll(Take([.. _runners.Keys]).Select(StopAsync));
            _reader = null;
        }
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyCollection<Position>> OnAssignedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        Log.Assigned(logger, string.Join(", ", partitions));
        foreach (var partition in partitions)
        {
            StartRunner(partition);
        }

        // Tasks open in the background, their partitions paused, and seek when they know where to start.
        return ValueTask.FromResult<IReadOnlyCollection<Position>>([]);
    }

    /// <inheritdoc />
    public async ValueTask OnRevokedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        Log.Revoked(logger, string.Join(", ", partitions));
        await Task.WhenAll(Take(partitions).Select(StopAsync));
    }

    /// <inheritdoc />
    public async ValueTask OnLostAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        Log.Lost(logger, string.Join(", ", partitions));
        await Task.WhenAll(Take(partitions).Select(async runner =>
        {
            using (runner)
            {
                await runner.DropAsync();
            }
        }));
    }

    private void StartRunner(TopicPartition partition)
    {
        var runner = new PartitionRunner<TEvent>(createTask(partition), log, _reader!, settings.QueueCapacity, time, logger);
        _runners[partition] = runner;
        _watermarks.Add(partition, Now);
        runner.Start();
    }

    private List<PartitionRunner<TEvent>> Take(IReadOnlyCollection<TopicPartition> partitions)
    {
        var taken = new List<PartitionRunner<TEvent>>();
        foreach (var partition in partitions)
        {
            if (_runners.TryRemove(partition, out var runner))
            {
                taken.Add(runner);
                _watermarks.Remove(partition);
                _alignment.Remove(partition);
                _lastOffsets.Remove(partition);
            }
        }

        return taken;
    }

    private async Task StopAsync(PartitionRunner<TEvent> runner)
    {
        using (runner)
        {
            await runner.StopAsync(settings.DrainDeadline);
        }
    }

    // Not the time of day, which may be set back: only silence is measured.
    private long Now => (long)time.GetElapsedTime(0).TotalMilliseconds;

    private void ObserveWatermark(TopicPartition partition, PartitionRunner<TEvent> runner)
    {
        var progress = runner.Progress;
        if (runner.State is TaskState.Running or TaskState.BackPressured or TaskState.Held)
        {
            _alignment.Update(partition, progress.Watermark, runner.HasInput, Now);
        }
        else
        {
            _alignment.Remove(partition);
        }

        runner.Hold(_alignment.IsAhead(partition, Now));
        if (_lastOffsets.GetValueOrDefault(partition) != progress.NextOffset)
        {
            _lastOffsets[partition] = progress.NextOffset;
            _watermarks.Update(partition, progress.Watermark, Now);
        }

        Volatile.Write(ref _watermark, _watermarks.Current(Now).Value);
    }

    private bool AnyPaused()
    {
        foreach (var (_, runner) in _runners)
        {
            if (runner.State is TaskState.Opening or TaskState.BackPressured or TaskState.Held)
            {
                return true;
            }
        }

        return false;
    }

    private void Route(RecordBatch records)
    {
        if (_runners.TryGetValue(records.TopicPartition, out var runner))
        {
            runner.Offer(records);
        }
        else
        {
            records.Dispose();
        }
    }

    private async Task ObserveRunnersAsync()
    {
        foreach (var (partition, runner) in _runners)
        {
            ObserveWatermark(partition, runner);
            if (!runner.Completion.IsCompleted)
            {
                continue;
            }

            // Throws what stopped it: going on without the partition would look like health.
            await runner.Completion;
            if (runner.State == TaskState.Fenced && time.GetElapsedTime(runner.EndedAt) >= settings.FencedPause)
            {
                runner.Dispose();
                StartRunner(partition);
            }
        }
    }
}
