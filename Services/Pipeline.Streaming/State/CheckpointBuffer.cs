namespace Pipeline.Streaming.State;

/// <summary>
/// The memory in which checkpoints are put together. Tasks that share one save their checkpoints one after another, so that there is one
/// copy of the largest state, not one of each. Safe for concurrent use.
/// </summary>
public sealed class CheckpointBuffer : IDisposable
{
    private readonly SemaphoreSlim _free = new(1, 1);
    private readonly StateWriter _writer = new();

    /// <summary>The buffer for one checkpoint, until the lease is disposed.</summary>
    internal async ValueTask<Lease> RentAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        return new Lease(this);
    }

    /// <summary>The same at once, or <see langword="null"/> while somebody has it.</summary>
    internal Lease? TryRent() => _free.Wait(0) ? new Lease(this) : null;

    public void Dispose() => _free.Dispose();

    internal readonly struct Lease(CheckpointBuffer buffer) : IDisposable
    {
        public StateWriter Writer => buffer._writer;

        public void Dispose() => buffer._free.Release();
    }
}
