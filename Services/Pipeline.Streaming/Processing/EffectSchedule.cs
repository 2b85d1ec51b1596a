namespace Pipeline.Streaming.Processing;

/// <summary>When the effects of a task are due, by what it has to write and when it made them last. Not thread-safe, except <see cref="SinceCheckpoint"/>.</summary>
internal sealed class EffectSchedule(int partition, StreamTaskSettings settings, TimeProvider time)
{
    private static readonly TimeSpan BufferPause = TimeSpan.FromMilliseconds(50);

    // While the task is behind, what an open window holds is soon no longer so: the next records are there already.
    private const int EarlyPauseWhileBehind = 10;

    // Multiples of it lie as far apart from each other as they can, however many there are.
    private const double GoldenRatio = 0.6180339887498949;

    private long _lastFlush = time.GetTimestamp();
    private long _lastEarly = time.GetTimestamp();
    private long _lastCheckpoint = time.GetTimestamp();
    private TimeSpan _checkpointCost;
    private long? _bufferMissed;
    private long _processed;
    private long _left;

    /// <summary>Since the last checkpoint was saved, or the task opened.</summary>
    public TimeSpan SinceCheckpoint => time.GetElapsedTime(_lastCheckpoint);

    public bool IsEarlyDue => UntilEarly == TimeSpan.Zero;

    /// <summary>Nothing was left in the log behind the last records, when they were read.</summary>
    public bool IsAtEnd => _left <= 0;

    public bool IsCheckpointDue => UntilCheckpoint == TimeSpan.Zero;

    // A checkpoint may take a tenth of the time at most: large state is saved less often.
    private TimeSpan CheckpointPause => TimeSpan.FromTicks(Math.Max(settings.CheckpointInterval.Ticks, _checkpointCost.Ticks * 9));

    private TimeSpan UntilEarly => Remaining(_lastEarly, IsBehind ? settings.EarlyInterval * EarlyPauseWhileBehind : settings.EarlyInterval);

    // More is left than was processed since open windows were written last: at this pace it takes longer than that again.
    private bool IsBehind => _left > _processed;

    private TimeSpan UntilCheckpoint
    {
        get
        {
            var remaining = Remaining(_lastCheckpoint, CheckpointPause);
            return remaining == TimeSpan.Zero && _bufferMissed is { } missed ? Remaining(missed, BufferPause) : remaining;
        }
    }

    public bool IsFlushDue(int pendingRows) => UntilFlush(pendingRows) == TimeSpan.Zero;

    /// <summary>How long until the first effect is due of those that have something to write; <see langword="null"/> when none has.</summary>
    /// <param name="pendingRows">Rows to flush; <see langword="null"/> when nothing is to be flushed, which is not the same as no rows.</param>
    /// <param name="early">Whether windows that are open have changed.</param>
    /// <param name="checkpoint">Whether there is anything that no checkpoint holds.</param>
    public TimeSpan? UntilDue(int? pendingRows, bool early, bool checkpoint)
    {
        TimeSpan? due = pendingRows is { } rows ? UntilFlush(rows) : null;
        due = early ? Sooner(due, UntilEarly) : due;
        return checkpoint ? Sooner(due, UntilCheckpoint) : due;
    }

    /// <summary>
    /// Nothing is due now, and everything one interval from now on; open windows, which are many rows at once, at another time of it in each partition, so that
    /// those of a process do not all wait for theirs together.
    /// </summary>
    public void Restart()
    {
        _lastFlush = _lastCheckpoint = time.GetTimestamp();
        _lastEarly = _lastFlush - (long)(settings.EarlyInterval.TotalSeconds * (partition * GoldenRatio % 1) * time.TimestampFrequency);
    }

    /// <param name="left">Records that the log held behind them when they were read.</param>
    public void Processed(int records, long left)
    {
        _processed += records;
        _left = left;
    }

    /// <param name="early">Whether windows that are open were written, too.</param>
    /// <param name="started">When it began (clock ticks).</param>
    public void Flushed(bool early, long started)
    {
        // What came during a write has waited for it already, so the next interval began with the write. Not while more is left in the log: then writes shall be large, not soon.
        _lastFlush = IsAtEnd ? started : time.GetTimestamp();
        if (early)
        {
            _lastEarly = time.GetTimestamp();
            _processed = 0;
        }
    }

    /// <param name="cost">How long writing and saving it took, without attempts that failed.</param>
    public void Checkpointed(TimeSpan cost)
    {
        _checkpointCost = cost;
        _lastCheckpoint = time.GetTimestamp();
        _bufferMissed = null;
    }

    /// <summary>The buffer is one for all tasks: while another one's checkpoint is saved from it, the task does not wait but comes again.</summary>
    public void BufferMissed() => _bufferMissed = time.GetTimestamp();

    private static TimeSpan? Sooner(TimeSpan? a, TimeSpan b) => a is { } other && other < b ? other : b;

    private TimeSpan UntilFlush(int pendingRows)
        => pendingRows >= settings.FlushRows ? TimeSpan.Zero : Remaining(_lastFlush, settings.FlushInterval);

    private TimeSpan Remaining(long since, TimeSpan interval)
    {
        var remaining = interval - time.GetElapsedTime(since);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }
}
