using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Diagnostics;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// Runs one partition's task: a bounded queue in front of it, and a loop that processes batches and makes the effects that are
/// due. The partition is paused while the task opens and while the queue is full, so the worker never waits for a partition.
/// </summary>
internal sealed class PartitionRunner<TEvent> : IDisposable
    where TEvent : struct
{
    private const int MaxReads = 64;

    private readonly StreamTask<TEvent> _task;
    private readonly IRecordLog _log;
    private readonly IRecordReader _reader;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly int _capacity;
    private readonly Channel<RecordBatch> _queue;
    private readonly Channel<Action<StreamTask<TEvent>?>> _reads;
    private readonly Lock _pausing = new();

    // Stop: finish what was begun, in order. Drop: let go at once.
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _drop = new();
    private bool _isFull;
    private bool _isHeld;
    private bool _isPaused = true;
    private volatile TaskState _state = TaskState.Opening;
    private volatile Progressed _status;
    private long _highWatermark;

    public PartitionRunner(StreamTask<TEvent> task, IRecordLog log, IRecordReader reader, int queueCapacity, TimeProvider time, ILogger logger)
    {
        _task = task;
        _log = log;
        _reader = reader;
        _time = time;
        _logger = logger;
        _capacity = queueCapacity;
        _status = new Progressed(task.Progress, TimeSpan.Zero);

        // Wait, never drop: the partition is paused before the queue is full, so a write never waits in fact.
        _queue = Channel.CreateBounded<RecordBatch>(new BoundedChannelOptions(queueCapacity)
        {
            SingleReader = true,
            SingleWriter = true,
            FullMode = BoundedChannelFullMode.Wait,
        });

        // Refused when full: whoever only looks is told to come again, and never holds the task up.
        _reads = Channel.CreateBounded<Action<StreamTask<TEvent>?>>(new BoundedChannelOptions(MaxReads) { SingleReader = true });
        Completion = Task.CompletedTask;
    }

    public TopicPartition TopicPartition => _task.TopicPartition;

    public Task Completion { get; private set; }

    public TaskState State => _state;

    /// <summary>When the runner ended, in the clock's ticks; meaningful when <see cref="Completion"/> is completed.</summary>
    public long EndedAt { get; private set; }

    public PartitionStatus Status
    {
        get
        {
            var status = _status;
            var topology = _task.Topology.Snapshot();
            return new PartitionStatus(
                TopicPartition,
                _state,
                status.Progress,
                Volatile.Read(ref _highWatermark),
                _queue.Reader.Count,
                topology.Steps.Sum(s => s.StateEntries),
                status.SinceCheckpoint,
                _task.Clock.Read(),
                _task.Clock.ReadRecent(),
                topology);
        }
    }

    public TaskProgress Progress => _status.Progress;

    /// <summary>Whether records are left that it has not processed, as far as it knows.</summary>
    public bool HasInput => Volatile.Read(ref _highWatermark) > _status.Progress.NextOffset;

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
            _isFull |= _queue.Reader.Count >= _capacity;
            PauseOrResume();
        }
    }

    /// <summary>Stops reading for a while, or goes on; what is read already is processed.</summary>
    public void Hold(bool held)
    {
        lock (_pausing)
        {
            _isHeld = held;
            PauseOrResume();
        }
    }

    /// <summary>
    /// Looks at the task on its own thread, between two batches, so that what is seen belongs together. Waits while the task waits for
    /// the store.
    /// </summary>
    /// <exception cref="OperationCanceledException">The task ended before it could answer.</exception>
    public Task<TResult> ReadAsync<TResult>(Func<StreamTask<TEvent>, TResult> read)
    {
        var answer = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_reads.Writer.TryWrite(task =>
            {
                if (task is null)
                {
                    answer.TrySetCanceled();
                    return;
                }

                try
                {
                    answer.TrySetResult(read(task));
                }
                catch (Exception e)
                {
                    // A fault of whoever looks must not end the task.
                    answer.TrySetException(e);
                }
            }))
        {
            answer.TrySetCanceled();
        }

        return answer.Task;
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
            Log.DrainTimedOut(_logger, TopicPartition, deadline.TotalSeconds, _task.NextOffset);
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
        // What is logged on the way, by the store and the log too, says for which partition it was.
        using var scope = _logger.BeginScope(new Dictionary<string, object>
        {
            [SemanticConventions.DestinationName] = TopicPartition.Topic,
            [SemanticConventions.DestinationPartition] = TopicPartition.Partition,
        });
        try
        {
            await OpenAsync();
            await LoopAsync();
            if (!_drop.IsCancellationRequested)
            {
                await _task.CloseAsync(CommitAsync, _drop.Token);
            }

            End(TaskState.Stopped);
        }
        catch (PartitionFencedException e)
        {
            Log.Fenced(_logger, TopicPartition, _task.NextOffset, e.Message);
            End(TaskState.Fenced);
            _reader.Pause(TopicPartition);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested || _drop.IsCancellationRequested)
        {
            End(TaskState.Stopped);
        }
        catch (Exception e)
        {
            Log.TaskFailed(_logger, e, TopicPartition, _task.NextOffset);
            End(TaskState.Failed);
            throw;
        }
        finally
        {
            // Nobody takes the partition over from here while a checkpoint of it may still appear.
            await _drop.CancelAsync();
            await (_task.Saving ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            EndedAt = _time.GetTimestamp();
            Publish();
            _queue.Writer.TryComplete();
            _reads.Writer.TryComplete();
            while (_reads.Reader.TryRead(out var read))
            {
                read(null);
            }

            while (_queue.Reader.TryRead(out var records))
            {
                records.Dispose();
            }

            _task.Dispose();
        }
    }

    // Under the lock, so that whoever pauses or resumes meanwhile does not bring it back to life.
    private void End(TaskState state)
    {
        lock (_pausing)
        {
            _state = state;
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
            _reader.Seek(position);
            PauseOrResume();
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
        Task<bool>? question = null;
        _task.Clock.Enter(TaskActivity.Busy);
        while (!_stop.IsCancellationRequested)
        {
            while (_reads.Reader.TryRead(out var read))
            {
                read(_task);
            }

            await ProcessWaitingAsync();
            var due = _task.UntilDue();
            if (due == TimeSpan.Zero)
            {
                await _task.RunDueAsync(CommitAsync, _drop.Token);
                Publish();
            }
            else if (_queue.Reader.TryRead(out var records))
            {
                await ProcessAsync(records);
            }
            else
            {
                arrival ??= _queue.Reader.WaitToReadAsync(_stop.Token).AsTask();
                question ??= _reads.Reader.WaitToReadAsync(_stop.Token).AsTask();
                _task.Clock.Enter(TaskActivity.Idle);
                await Task.WhenAny([arrival, question, .. due is { } pause ? [Task.Delay(pause, _time, _stop.Token)] : Array.Empty<Task>(), .. _task.Saving is { } saving ? [saving] : Array.Empty<Task>()]);
                _task.Clock.Enter(TaskActivity.Busy);
                arrival = arrival.IsCompleted ? null : arrival;
                question = question.IsCompleted ? null : question;
            }
        }
    }

    /// <summary>What came while results were written goes into the next write together, although that may be due already.</summary>
    private async ValueTask ProcessWaitingAsync()
    {
        for (var waiting = _queue.Reader.Count; waiting > 0 && _task.GathersWaiting && !_stop.IsCancellationRequested && _queue.Reader.TryRead(out var records); waiting--)
        {
            await ProcessAsync(records);
        }
    }

    private async ValueTask ProcessAsync(RecordBatch records)
    {
        ResumeWhenDrained();
        await _task.ProcessAsync(records, _drop.Token);
        Publish();
    }

    private void ResumeWhenDrained()
    {
        if (!Volatile.Read(ref _isFull))
        {
            return;
        }

        lock (_pausing)
        {
            _isFull = _queue.Reader.Count > _capacity / 2;
            PauseOrResume();
        }
    }

    // Under the lock. While the task opens and after it ended the partition stays paused.
    private void PauseOrResume()
    {
        if (_state is not (TaskState.Running or TaskState.BackPressured or TaskState.Held))
        {
            return;
        }

        _state = _isFull ? TaskState.BackPressured : _isHeld ? TaskState.Held : TaskState.Running;
        var pause = _isFull || _isHeld;
        if (pause != _isPaused)
        {
            _isPaused = pause;
            if (pause)
            {
                _reader.Pause(TopicPartition);
            }
            else
            {
                _reader.Resume(TopicPartition);
            }
        }
    }

    private ValueTask CommitAsync(Position position, CancellationToken cancellationToken) => _reader.CommitAsync([position], cancellationToken);

    private void Publish()
    {
        foreach (var step in _task.Topology.Steps)
        {
            step.Metrics.SetState(step.StateEntries, step.Refused);
        }

        _status = new Progressed(_task.Progress, _task.SinceCheckpoint);
    }

    private sealed record Progressed(TaskProgress Progress, TimeSpan SinceCheckpoint);
}
