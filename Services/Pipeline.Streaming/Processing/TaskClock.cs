namespace Pipeline.Streaming.Processing;

/// <summary>What a task's thread is about.</summary>
public enum TaskActivity
{
    /// <summary>Nothing to do: waits for records.</summary>
    Idle,

    /// <summary>Processes records or its state.</summary>
    Busy,

    /// <summary>Waits for the dead-letter topic, the store, the checkpoint or the commit.</summary>
    BackPressured,
}

/// <summary>Where the time went; the three add up to the time since the task began.</summary>
public readonly record struct TaskTimes(TimeSpan Busy, TimeSpan Idle, TimeSpan BackPressured)
{
    public TimeSpan Total => Busy + Idle + BackPressured;

    public static TaskTimes operator -(TaskTimes left, TaskTimes right)
        => new(left.Busy - right.Busy, left.Idle - right.Idle, left.BackPressured - right.BackPressured);
}

/// <summary>
/// Adds up what a task's time goes to: busy, idle, back-pressured, the three of Apache Flink. The task's thread writes it, twice or so per
/// batch; any thread reads it.
/// </summary>
public sealed class TaskClock
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly long[] _ticks = new long[3];
    private readonly Lock _reading = new();
    private long _since;
    private int _activity = (int)TaskActivity.Idle;

    // Two samples, so that the recent past is always between one and two windows long.
    private (long At, TaskTimes Times) _older;
    private (long At, TaskTimes Times) _newer;

    public TaskClock(TimeProvider time)
    {
        _time = time;
        _since = time.GetTimestamp();
        _older = _newer = (_since, default);
    }

    /// <summary>Begins another activity and returns the one that ended.</summary>
    public TaskActivity Enter(TaskActivity activity)
    {
        var now = _time.GetTimestamp();
        var before = _activity;
        Volatile.Write(ref _ticks[before], _ticks[before] + now - _since);
        Volatile.Write(ref _since, now);
        Volatile.Write(ref _activity, (int)activity);
        return (TaskActivity)before;
    }

    /// <summary>Since the task began, what it is about now included.</summary>
    public TaskTimes Read()
    {
        var activity = Volatile.Read(ref _activity);
        var running = _time.GetElapsedTime(Volatile.Read(ref _since));
        return new TaskTimes(Of(TaskActivity.Busy), Of(TaskActivity.Idle), Of(TaskActivity.BackPressured));

        TimeSpan Of(TaskActivity which)
            => _time.GetElapsedTime(0, Volatile.Read(ref _ticks[(int)which])) + ((int)which == activity ? running : TimeSpan.Zero);
    }

    /// <summary>Of the last five to ten seconds, if it is read at least that often.</summary>
    public TaskTimes ReadRecent()
    {
        lock (_reading)
        {
            var now = Read();
            if (_time.GetElapsedTime(_newer.At) >= Window)
            {
                _older = _newer;
                _newer = (_time.GetTimestamp(), now);
            }

            return now - _older.Times;
        }
    }
}
