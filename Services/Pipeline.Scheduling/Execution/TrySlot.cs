namespace Pipeline.Scheduling.Execution;

/// <summary>
/// The slot of one try. A try that only waits leaves it to others and takes one again afterwards; whatever its task does, it holds none once it has ended.
/// </summary>
/// <param name="taken">The caller has taken one for it.</param>
internal sealed class TrySlot(TaskSlots taken, int priority, RunControl control)
{
    private readonly Lock _gate = new();
    private bool _isHeld = true;
    private bool _isClosed;

    public void Leave()
    {
        lock (_gate)
        {
            if (!_isHeld)
            {
                return;
            }

            _isHeld = false;
        }

        control.Waits(1);
        taken.Release();
    }

    /// <exception cref="OperationCanceledException">There is no slot for it any more.</exception>
    public async Task ReturnAsync(CancellationToken cancellationToken)
    {
        await taken.TakeAsync(priority, cancellationToken);
        lock (_gate)
        {
            if (!_isClosed && !_isHeld)
            {
                _isHeld = true;
                control.Waits(-1);
                return;
            }
        }

        // The try has ended meanwhile: its task was left behind and goes on for itself.
        taken.Release();
        throw new OperationCanceledException("The try has ended.");
    }

    public void Close()
    {
        bool wasHeld;
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            (wasHeld, _isHeld, _isClosed) = (_isHeld, false, true);
        }

        if (wasHeld)
        {
            taken.Release();
        }
        else
        {
            control.Waits(-1);
        }
    }
}
