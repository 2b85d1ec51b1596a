using System.Threading.Channels;

namespace Pipeline.Scheduling.Execution;

/// <summary>Wakes the scheduler when there may be something to claim, instead of letting it wait for its next look.</summary>
internal sealed class SchedulerSignal
{
    private bool _isTold;

    // One is enough and more say nothing new: whoever wakes looks at everything.
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1)
    {
        FullMode = BoundedChannelFullMode.DropWrite,
        SingleReader = true,
    });

    /// <summary>Whether what other processes do is told at once, so that nobody has to look for it.</summary>
    public bool IsTold
    {
        get => Volatile.Read(ref _isTold);
        set => Volatile.Write(ref _isTold, value);
    }

    public void Set() => _channel.Writer.TryWrite(true);

    /// <summary>Returns when set, or after a time.</summary>
    public async Task WaitAsync(TimeSpan atMost, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(atMost, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _channel.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
