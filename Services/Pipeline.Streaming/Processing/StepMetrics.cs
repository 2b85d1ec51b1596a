namespace Pipeline.Streaming.Processing;

/// <summary>What went through a step. Written by the task's thread, read by any.</summary>
public sealed class StepMetrics
{
    private long _in;
    private long _out;
    private long _busyTicks;
    private long _stateEntries;
    private long _refused;

    /// <summary>Records that came in pending.</summary>
    public long RecordsIn => Volatile.Read(ref _in);

    /// <summary>Records that went on to the next step.</summary>
    public long RecordsOut => Volatile.Read(ref _out);

    public TimeSpan BusyTime => System.Diagnostics.Stopwatch.GetElapsedTime(0, Volatile.Read(ref _busyTicks));

    /// <summary>Entries in the step's state when its task looked last.</summary>
    public long StateEntries => Volatile.Read(ref _stateEntries);

    /// <summary>Records that its state did not take.</summary>
    public long Refused => Volatile.Read(ref _refused);

    internal void SetState(long entries, long refused)
    {
        Volatile.Write(ref _stateEntries, entries);
        Volatile.Write(ref _refused, refused);
    }

    internal void Add(int recordsIn, int recordsOut, long busyTicks)
    {
        Volatile.Write(ref _in, _in + recordsIn);
        Volatile.Write(ref _out, _out + recordsOut);
        Volatile.Write(ref _busyTicks, _busyTicks + busyTicks);
    }
}
