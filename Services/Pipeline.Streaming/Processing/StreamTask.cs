using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Diagnostics;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// The execution of a topology for one partition, and the one place of the order of effects:
/// <b>process → flush state → write dead letters → write and confirm results → save checkpoint → commit offset</b>.
/// </summary>
/// <remarks>
/// <para>Called by one caller at a time; it starts no thread and knows the clock only through <see cref="TimeProvider"/>.</para>
/// <para>
/// A checkpoint is saved, and its offset committed, while the next records are processed and their results written: it then is a little older than they
/// are, as after a crash between the two.
/// </para>
/// <para>
/// After a crash the state comes from the last checkpoint, and the records behind it are processed again. The sink says up to
/// which offset everything is stored: until then the task only rebuilds its state and writes no rows again ("catching up").
/// </para>
/// </remarks>
public sealed class StreamTask<TEvent> : IDisposable
    where TEvent : struct
{
    private readonly Topology<TEvent> _topology;
    private readonly ICheckpointStore _checkpoints;
    private readonly DeadLetterWriter _deadLetterWriter;
    private readonly StreamTaskSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BatchProcessor<TEvent> _processor;
    private readonly CheckpointBuffer _buffer;
    private readonly bool _ownsBuffer;
    private readonly BatchTrace _trace;
    private readonly EffectRetry<StreamTask<TEvent>> _retry;
    private readonly CheckpointSaver _saver;
    private readonly EffectSchedule _schedule;
    private readonly TableReader? _tables;
    private readonly TableJoin<TEvent>? _join;

    private long _sequence;
    private bool _isDirty;
    private bool _hasUncheckpointed;

    public StreamTask(
        TopicPartition partition,
        Topology<TEvent> topology,
        ICheckpointStore checkpoints,
        DeadLetterWriter deadLetterWriter,
        StreamTaskSettings settings,
        TimeProvider time,
        ILogger logger,
        TableReader? tables = null,
        CheckpointBuffer? buffer = null)
    {
        TopicPartition = partition;
        _tables = tables;
        _join = topology.Steps.OfType<TableJoin<TEvent>>().SingleOrDefault();
        if (_join is not null && tables is null)
        {
            throw new ArgumentNullException(nameof(tables), $"The step '{_join.Name}' joins with {_join.TableTopic}, which nobody reads.");
        }

        _topology = topology;
        _checkpoints = checkpoints;
        _deadLetterWriter = deadLetterWriter;
        _settings = settings;
        _time = time;
        _logger = logger;
        _buffer = buffer ?? new CheckpointBuffer();
        _ownsBuffer = buffer is null;
        _trace = new BatchTrace(partition, settings.MessagingSystem);
        _processor = new BatchProcessor<TEvent>(partition, topology, settings.Errors);
        Clock = new TaskClock(time);
        _retry = new EffectRetry<StreamTask<TEvent>>(partition, () => NextOffset, settings.Errors, Clock, time, logger);
        _saver = new CheckpointSaver(partition, () => NextOffset, checkpoints, settings, time, logger);
        _schedule = new EffectSchedule(partition.Partition, settings, time);
    }

    public TopicPartition TopicPartition { get; }

    public Topology<TEvent> Topology => _topology;

    public TaskClock Clock { get; }

    /// <summary>The offset behind the last record processed.</summary>
    public long NextOffset => _processor.NextOffset;

    public TaskProgress Progress => _processor.Progress;

    /// <summary>Still rebuilding state from records whose results are stored.</summary>
    public bool IsCatchingUp => _processor.IsCatchingUp;

    /// <summary>Since the last checkpoint was saved, or the task opened.</summary>
    public TimeSpan SinceCheckpoint => _schedule.SinceCheckpoint;

    /// <summary>
    /// Takes the partition over, restores the last checkpoint that is whole and not ahead of the results, and returns the
    /// position to read from.
    /// </summary>
    /// <param name="log">What the log holds of the partition.</param>
    /// <remarks>A checkpoint of an older version of the program is passed over, and the state made anew from the log (<see cref="Step{TEvent}.Supersedes"/>).</remarks>
    /// <exception cref="StateRestoreException">The checkpoint does not fit the topology, or the results do not fit the log.</exception>
    public async ValueTask<Position> OpenAsync(PartitionOffsets log, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var stored = await _retry.RunAsync(this, static (task, token) => task._topology.Sink.OpenAsync(token), "take over", cancellationToken);
        _processor.ContinueBehind(stored);
        var storedUntil = _processor.StoredUntil;
        if (storedUntil > log.HighWatermark)
        {
            throw new StateRestoreException(
                $"The results of {TopicPartition} reach to offset {storedUntil}, but the log ends at {log.HighWatermark}: it is not the log that " +
                "they were made from. Use the log they belong to, or another data directory.");
        }

        (var found, _sequence) = await _retry.RunAsync(
            this,
            static (task, token) => CheckpointRecovery.FindAsync(task._checkpoints, task.TopicPartition, task._processor.StoredUntil, task._logger, token), "find a checkpoint", cancellationToken);
        if (found?.Restore(_topology) is { } older)
        {
            // What the new version keeps comes from the records; what they gave before is stored and stays.
            Log.StateMadeAnew(_logger, TopicPartition, log.Start, storedUntil, older);
            found = null;
        }

        // The crash may have come before the commit; without new records nobody else would make up for it.
        _hasUncheckpointed |= found is not null;
        if (found is { } checkpoint && checkpoint.NextOffset < log.Start)
        {
            Log.RecordsExpired(_logger, TopicPartition, log.Start - checkpoint.NextOffset, checkpoint.NextOffset, log.Start);
        }

        _processor.StartAt(Math.Max(found?.NextOffset ?? 0, log.Start), isIncomplete: found is null && log.Start > 0);
        Log.TaskOpened(_logger, TopicPartition, NextOffset, storedUntil, _time.GetElapsedTime(started).TotalMilliseconds);
        _schedule.Restart();
        return new Position(TopicPartition, NextOffset);
    }

    /// <summary>Reads what the topology joins the batch with, then sends it through the steps. The task owns the batch from here on.</summary>
    public ValueTask ProcessAsync(RecordBatch records, CancellationToken cancellationToken)
    {
        if (_join is not null && records.Count > 0)
        {
            return JoinAndProcessAsync(records, cancellationToken);
        }

        Process(records);
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends a batch through the steps of a topology that joins nothing. The task owns the batch from here on.</summary>
    public void Process(RecordBatch records)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(records.TopicPartition, TopicPartition, nameof(records));
        _schedule.Processed(records.Count, left: records.HighWatermark - records.NextOffset);
        if (records.Count == 0)
        {
            // Markers of transactions: no records, but whoever looks at lag wants them committed, too.
            _hasUncheckpointed |= records.NextOffset > NextOffset;
            _processor.Skip(records);
            return;
        }

        Hook(Effect.Process, done: false);
        _trace.Note(records);
        _processor.Process(records);
        _isDirty = _hasUncheckpointed = true;
        Hook(Effect.Process, done: true);
    }

    /// <summary>A checkpoint that is being saved while the task goes on; the task wants <see cref="RunDueAsync"/> when it has ended. <see langword="null"/> when there is none.</summary>
    public Task? Saving => _saver.Saving;

    /// <summary>How long until the task wants <see cref="RunDueAsync"/>; <see langword="null"/> when it waits for records, or for <see cref="Saving"/>, only.</summary>
    public TimeSpan? UntilDue()
    {
        if (Saving is { IsCompleted: true })
        {
            return TimeSpan.Zero;
        }

        return _schedule.UntilDue(_isDirty ? _topology.Sink.PendingRows : null, WantsEarly, _hasUncheckpointed && Saving is null);
    }

    /// <summary>Whether records that wait to be processed shall go into the next write, although it may be due: at the end of the log, until it is as large as a write gets.</summary>
    public bool GathersWaiting => _schedule.IsAtEnd && _topology.Sink.PendingRows < _settings.FlushRows;

    /// <summary>Makes the effects that are due. A checkpoint is only begun: it is saved, and its offset committed, while the task goes on.</summary>
    /// <param name="commit">Commits an offset to the log.</param>
    public async ValueTask RunDueAsync(Func<Position, CancellationToken, ValueTask> commit, CancellationToken cancellationToken)
    {
        if (Saving is { IsCompleted: true })
        {
            await EndSavingAsync();
        }

        if (_hasUncheckpointed && Saving is null && _schedule.IsCheckpointDue)
        {
            await BeginCheckpointAsync(commit, cancellationToken);
            return;
        }

        var early = WantsEarly && _schedule.IsEarlyDue;
        if (early || (_isDirty && _schedule.IsFlushDue(_topology.Sink.PendingRows)))
        {
            await FlushAsync(early, inTurn: true, onlyRows: !_isDirty, cancellationToken);
        }
    }

    /// <summary>Flush state → write dead letters → write and confirm results.</summary>
    /// <param name="early">Whether windows that are still open are written too.</param>
    public ValueTask FlushAsync(bool early, CancellationToken cancellationToken) => FlushAsync(early, inTurn: false, onlyRows: false, cancellationToken);

    /// <param name="inTurn">Windows that are still open only where it is their turn.</param>
    /// <param name="onlyRows">There is no progress to write, unless there are rows.</param>
    private async ValueTask FlushAsync(bool early, bool inTurn, bool onlyRows, CancellationToken cancellationToken)
    {
        var sink = _topology.Sink;
        var started = _time.GetTimestamp();
        var catchingUp = IsCatchingUp;
        using var activity = _trace.Start();

        early &= !catchingUp;
        Hook(Effect.FlushState, done: false);
        _topology.Flush(early, inTurn);
        Hook(Effect.FlushState, done: true);

        if (_processor.DeadLetters.Count > 0)
        {
            Hook(Effect.WriteDeadLetters, done: false);
            await _retry.RunAsync(
                this,
                static async (task, token) =>
                {
                    await task._deadLetterWriter.WriteAsync(task.TopicPartition, task._processor.DeadLetters, task._topology.Describe, token);
                    return true;
                },
                "write dead letters",
                cancellationToken);
            Hook(Effect.WriteDeadLetters, done: true);
            _processor.DeadLetters.Clear();
        }

        // Before a checkpoint also without rows: who lost the partition finds out here.
        if (sink.PendingRows > 0 || !(catchingUp || onlyRows))
        {
            Hook(Effect.WriteResults, done: false);
            await _retry.RunAsync(
                this,
                static async (task, token) =>
                {
                    var progress = task.Progress;
                    await task._topology.Sink.WriteAsync(progress with { NextOffset = Math.Max(progress.NextOffset, task._processor.StoredUntil) }, token);
                    return true;
                },
                "write results",
                cancellationToken);
            Hook(Effect.WriteResults, done: true);
        }

        sink.Clear();
        _processor.Release();
        _isDirty = false;
        _schedule.Flushed(early, started);
    }

    /// <summary>Flush, then save checkpoint → commit offset.</summary>
    public async ValueTask CheckpointAsync(Func<Position, CancellationToken, ValueTask> commit, CancellationToken cancellationToken)
    {
        await EndSavingAsync();
        await FlushAsync(early: _schedule.IsEarlyDue, inTurn: true, onlyRows: false, cancellationToken);
        await SaveAndCommitAsync(commit, cancellationToken);
    }

    /// <summary>Writes all there is, open windows too, and checkpoints: before the partition is given up or the process stops.</summary>
    public async ValueTask CloseAsync(Func<Position, CancellationToken, ValueTask> commit, CancellationToken cancellationToken)
    {
        await EndSavingAsync();
        await FlushAsync(early: true, cancellationToken);
        if (_hasUncheckpointed)
        {
            await SaveAndCommitAsync(commit, cancellationToken);
        }
    }

    /// <summary>
    /// No more input will come: after <see cref="CloseAsync"/>, every window and session that is still open is written as complete. The
    /// checkpoint does not know of it: were there records after all, a task that continues from it opens the windows again and
    /// writes them as they really end.
    /// </summary>
    public async ValueTask EndInputAsync(Func<Position, CancellationToken, ValueTask> commit, CancellationToken cancellationToken)
    {
        await CloseAsync(commit, cancellationToken);
        _topology.EndOfInput();
        await FlushAsync(early: true, cancellationToken);
    }

    public void Dispose()
    {
        _topology.Sink.Clear();
        _processor.Release();
        _deadLetterWriter.Dispose();
        if (_ownsBuffer)
        {
            _buffer.Dispose();
        }
    }

    // While catching up only what is final is written: an open window has a newer value in the store already.
    private bool WantsEarly => !IsCatchingUp && _topology.HasUnflushed;

    private async ValueTask JoinAndProcessAsync(RecordBatch records, CancellationToken cancellationToken)
    {
        try
        {
            await _retry.RunAsync(
                this,
                async (task, token) =>
                {
                    await task._tables!.ReadAsync(task._join!, task.TopicPartition, records, token);
                    return true;
                },
                "read the table that it joins with",
                cancellationToken);
        }
        catch
        {
            records.Dispose();
            throw;
        }

        Process(records);
    }

    private async ValueTask BeginCheckpointAsync(Func<Position, CancellationToken, ValueTask> commit, CancellationToken cancellationToken)
    {
        if (_buffer.TryRent() is not { } lease)
        {
            _schedule.BufferMissed();
            return;
        }

        try
        {
            await FlushAsync(early: _schedule.IsEarlyDue, inTurn: true, onlyRows: false, cancellationToken);
        }
        catch
        {
            lease.Dispose();
            throw;
        }

        BeginSaving(lease, commit, cancellationToken);
        if (Saving is { IsCompleted: true })
        {
            await EndSavingAsync();
        }
    }

    private async ValueTask SaveAndCommitAsync(Func<Position, CancellationToken, ValueTask> commit, CancellationToken cancellationToken)
    {
        BeginSaving(await _buffer.RentAsync(cancellationToken), commit, cancellationToken);
        await EndSavingAsync();
    }

    /// <summary>The state as it is now becomes a checkpoint; all of its results are confirmed.</summary>
    private void BeginSaving(CheckpointBuffer.Lease lease, Func<Position, CancellationToken, ValueTask> commit, CancellationToken cancellationToken)
    {
        try
        {
            var started = _time.GetTimestamp();
            Hook(Effect.SaveCheckpoint, done: false);
            _sequence++;
            Checkpoint.Write(lease.Writer, TopicPartition, _sequence, Progress, _time.GetUtcNow().ToUnixTimeMilliseconds(), _topology);
            _hasUncheckpointed = false;
            _saver.Begin(lease, started, _sequence, new Position(TopicPartition, NextOffset), commit, cancellationToken);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    private async ValueTask EndSavingAsync()
    {
        if (await _saver.EndAsync() is { } cost)
        {
            _schedule.Checkpointed(cost);
            StreamingInstruments.CheckpointDuration.Record(cost.TotalSeconds);
        }
    }

    private void Hook(Effect effect, bool done) => _settings.OnEffect?.Invoke(TopicPartition, effect, done);
}
