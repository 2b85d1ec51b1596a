using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// Runs one partition's task: a bounded queue in front of it, and a loop that processes batches and makes the effects that are
/// due. The partition is paused while the task opens and while the queue is full, so the worker never waits for a partition.
/// </summary>
internal sealed class PartitionRunner<TEvent> : IDisposable
    where TEvent : struct
{
    private readonly StreamTask<TEvent> _task;
    private readonly IRecordLog _log;
    private readonly IRecordReader _reader;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly int _capacity;
    private readonly Channel<RecordBatch> _queue;
    private readonly Lock _pausing = new();

    // Stop: finish what was begun, in order. Drop: let go at once.
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _drop = new();
    private bool _isPaused = true;
    private volatile TaskState _state = TaskState.Opening;
    private volatile PartitionStatus _status;
    private long _highWatermark;

    public PartitionRunner(StreamTask<TEvent> task, IRecordLog log, IRecordReader reader, int queueCapacity, TimeProvider time, ILogger logger)
    {
        _task = task;
        _log = log;
        _reader = reader;
        _time = time;
        _logger = logger;
        _capacity = queueCapacity;
        _status = new PartitionStatus(task.TopicPartition, TaskState.Opening, task.Progress, 0, 0, 0, TimeSpan.Zero);

        // Wait, never drop: the partition is paused before the queue is full, so a write never waits in fact.
        _queue = Channel.CreateBounded<RecordBatch>(new BoundedChannelOptions(queueCapacity)
        {
            SingleReader = true,
            SingleWriter = true,
            FullMode = BoundedChannelFullMode.Wait,
        });
        Completion = Task.CompletedTask;
    }

    public TopicPartition TopicPartition => _task.TopicPartition;

    public Task Completion { get; private set; }

    public TaskState State => _state;

    /// <summary>When the runner ended, in the clock's ticks; meaningful when <see cref="Completion"/> is completed.</summary>
    public long EndedAt { get; private set; }

    public PartitionStatus Status => _status with { State = _state, QueueDepth = _queue.Reader.Count, HighWatermark = Volatile.Read(ref _highWatermark) };

    public void Start()
    {
        _reader.Pause(TopicPartition);
        Completion = Task.Run(RunAsync);
    }

    /// <summary>Takes a batch that was read; pauses the partition when the queue is full.</summary>
    public void Offer(RecordBatch records)
    {
        Volatile.Write(ref _highWatermark, records.HighWatermark);
        if (!_queue.Writer.TryWrite(records))
        {
            // The runner has ended or is ending: the records will be read again by whoever comes next.
            records.Dispose();
            return;
        }

        lock (_pausing)
        {
            if (_queue.Reader.Count >= _capacity && _state == TaskState.Running)
            {
                _isPaused = true;
                _state = TaskState.BackPressured;
                _reader.Pause(TopicPartition);
            }
        }
    }

    /// <summary>Finishes what is processed, checkpoints and commits it; lets go when that takes longer than the deadline.</summary>
    public async Task StopAsync(TimeSpan deadline)
    {
        await _stop.CancelAsync();
        try
        {
            await Completion.WaitAsync(deadline, _time);
        }
        catch (TimeoutException)
        {
            Log.DrainTimedOut(_logger, TopicPartition, deadline.TotalSeconds);
            await DropAsync();
        }
    }

    /// <summary>Lets go of everything and writes nothing more.</summary>
    public async Task DropAsync()
    {
        await _drop.CancelAsync();
        await _stop.CancelAsync();
        await Completion.WaitAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _stop.Dispose();
        _drop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await OpenAsync();
            await LoopAsync();
            if (!_drop.IsCancellationRequested)
            {
                await _task.CloseAsync(CommitAsync, _drop.Token);
            }

            _state = TaskState.Stopped;
        }
        catch (PartitionFencedException e)
        {
            Log.Fenced(_logger, TopicPartition, e.Message);
            _state = TaskState.Fenced;
            _reader.Pause(TopicPartition);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested || _drop.IsCancellationRequested)
        {
            _state = TaskState.Stopped;
        }
        catch (Exception e)
        {
            Log.TaskFailed(_logger, e, TopicPartition, _task.NextOffset);
            _state = TaskState.Failed;
            throw;
        }
        finally
        {
            EndedAt = _time.GetTimestamp();
            Publish();
            _queue.Writer.TryComplete();
            while (_queue.Reader.TryRead(out var records))
            {
                records.Dispose();
            }

            _task.Dispose();
        }
    }

    private async Task OpenAsync()
    {
        var offsets = await DescribeAsync();
        Volatile.Write(ref _highWatermark, offsets.HighWatermark);
        var position = await _task.OpenAsync(offsets, _stop.Token);
        Publish();
        lock (_pausing)
        {
            _state = TaskState.Running;
            _isPaused = false;
            _reader.Seek(position);
            _reader.Resume(TopicPartition);
        }
    }

    private async Task<PartitionOffsets> DescribeAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return (await _log.DescribeAsync(_stop.Token)).First(p => p.TopicPartition == TopicPartition);
            }
            catch (RecordLogException e) when (e.IsTransient)
            {
                var pause = ErrorPolicy.Default.PauseAfter(attempt);
                Log.ReadRetried(_logger, attempt, pause.TotalMilliseconds, e.Message);
                await Task.Delay(pause, _time, _stop.Token);
            }
        }
    }

    private async Task LoopAsync()
    {
        Task<bool>? arrival = null;
        while (!_stop.IsCancellationRequested)
        {
            var due = _task.UntilDue();
            if (due == TimeSpan.Zero)
            {
                await _task.RunDueAsync(CommitAsync, _drop.Token);
                Publish();
            }
            else if (_queue.Reader.TryRead(out var records))
            {
                ResumeWhenDrained();
                _task.Process(records);
                Publish();
            }
            else
            {
                arrival ??= _queue.Reader.WaitToReadAsync(_stop.Token).AsTask();
                Task wait = due is { } pause ? Task.WhenAny(arrival, Task.Delay(pause, _time, _stop.Token)) : arrival;
                await wait;
                if (arrival.IsCompleted)
                {
                    arrival = null;
                }
            }
        }
    }

    private void ResumeWhenDrained()
    {
        if (!_isPaused)
        {
            return;
        }

        lock (_pausing)
        {
            if (_isPaused && _queue.Reader.Count <= _capacity / 2)
            {
                _isPaused = false;
                _state = TaskState.Running;
                _reader.Resume(TopicPartition);
            }
        }
    }

    private ValueTask CommitAsync(Position position, CancellationToken cancellationToken) => _reader.CommitAsync([position], cancellationToken);

    private void Publish()
    {
        var entries = 0L;
        foreach (var step in _task.Topology.Steps)
        {
            entries += step.StateEntries;
        }

        _status = new PartitionStatus(TopicPartition, _state, _task.Progress, 0, 0, entries, _task.SinceCheckpoint);
    }
}
