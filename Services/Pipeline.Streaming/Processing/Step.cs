using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// One named stage of a topology. It gets whole batches, one after the other, on one thread at a time, and belongs to one
/// partition. A step with state says what the state depends on (<see cref="StateDefinition"/>) and saves and restores it.
/// </summary>
public abstract class Step<TEvent>(string name)
    where TEvent : struct
{
    public string Name { get; } = name;

    /// <summary>
    /// What the saved state depends on (window length, lateness, …), as text; <see langword="null"/> for a step without state.
    /// A checkpoint made under another definition is refused.
    /// </summary>
    public virtual string? StateDefinition => null;

    /// <summary>
    /// Whether a state saved under this other definition may be thrown away and made anew from the log: it was saved by an older
    /// version of the program, which kept less, and what stands in the store from then is still right. A definition that differs
    /// because somebody changed a setting must be refused.
    /// </summary>
    public virtual bool Supersedes(string definition) => false;

    /// <summary>Entries held in state, for metrics.</summary>
    public virtual long StateEntries => 0;

    /// <summary>Records, of a join its table's, that found the state full or came too late for it; 0 in a set-up that is right.</summary>
    public virtual long Refused => 0;

    public StepMetrics Metrics { get; } = new();

    /// <summary>Works on the batch's pending records.</summary>
    public abstract void Process(StreamBatch<TEvent> batch);

    /// <summary>The watermark after a batch, or the end of the input.</summary>
    public virtual void OnWatermark(Watermark watermark)
    {
    }

    /// <summary>Hands changed results to the sink: those that are final always, those that are not when <paramref name="early"/> says so.</summary>
    public virtual void Flush(bool early)
    {
    }

    /// <summary>With every how many early flushes of a task this step's open results are written. Long windows change little from one to the next. Default: 1.</summary>
    public virtual int EarlyEvery => 1;

    /// <summary>Whether a flush with <c>early</c> would hand something over.</summary>
    public virtual bool HasUnflushed => false;

    /// <summary>
    /// The state starts empty in the middle of a log whose beginning is gone: windows that begin before
    /// <paramref name="coveredFrom"/> (Unix ms) would be incomplete and must not be emitted.
    /// </summary>
    public virtual void StartIncomplete(long coveredFrom)
    {
    }

    internal StepStatus Describe()
        => new(Name, StateDefinition, (this as TableJoin<TEvent>)?.TableTopic, Metrics.RecordsIn, Metrics.RecordsOut, Metrics.BusyTime, Metrics.StateEntries, Metrics.Refused);

    public virtual void Save(StateWriter writer)
    {
    }

    public virtual void Restore(ref StateReader reader)
    {
    }
}
