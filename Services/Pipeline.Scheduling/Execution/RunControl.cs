using System.Threading.Channels;

namespace Pipeline.Scheduling.Execution;

/// <summary>The strings on one run that this instance works on.</summary>
internal sealed class RunControl : IDisposable
{
    private readonly CancellationTokenSource _interrupt = new();
    private int _waiting;

    // At most one event for each task of the run and one for each change that somebody made; whoever writes one must not wait for the run's loop.
    private readonly Channel<RunSignal> _signals = Channel.CreateUnbounded<RunSignal>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>No more tries are to start; those under way may end.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>Tries under way. A run that has just been claimed is about to have one.</summary>
    public int ActiveTries { get; set; } = 1;

    /// <summary>Whether the run has something to do, and does not only wait: for a retry, for a person, for what its tasks wait for.</summary>
    public bool IsBusy => ActiveTries > Volatile.Read(ref _waiting);

    /// <summary>Tries under way are to end now.</summary>
    public CancellationToken Interrupted => _interrupt.Token;

    public ChannelReader<RunSignal> Signals => _signals.Reader;

    /// <summary>Counts the tries under way that hold no slot, because they only wait.</summary>
    public void Waits(int change) => Interlocked.Add(ref _waiting, change);

    public void Signal(RunSignal signal) => _signals.Writer.TryWrite(signal);

    public void Drain()
    {
        IsDraining = true;
        Signal(RunSignal.Look);
    }

    public void Interrupt()
    {
        IsDraining = true;
        try
        {
            _interrupt.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run has just ended.
        }

        Signal(RunSignal.Look);
    }

    public void Dispose() => _interrupt.Dispose();
}

/// <summary>Something that a run's loop has to look at.</summary>
/// <param name="TaskId">The task whose try has ended; <see langword="null"/> when none has.</param>
/// <param name="Ended">The task instance as the try left it; <see langword="null"/> when somebody else has moved it meanwhile.</param>
/// <param name="Fault">What broke the try's bookkeeping.</param>
internal readonly record struct RunSignal(string? TaskId, TaskInstance? Ended = null, Exception? Fault = null, bool IsChanged = false)
{
    public static RunSignal Look => default;

    /// <summary>Somebody has changed the run in the database.</summary>
    public static RunSignal Changed => new(null, IsChanged: true);
}
