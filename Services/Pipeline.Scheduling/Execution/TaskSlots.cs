namespace Pipeline.Scheduling.Execution;

/// <summary>The tries that this instance runs at once. Whoever waits with the largest priority is served first, and among equals the first that came.</summary>
internal sealed class TaskSlots(int slots)
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, (int Priority, long Order)> _waiting = new();
    private int _taken;
    private int _waiters;
    private long _order;

    /// <summary>Tries that hold a slot or wait for one.</summary>
    public int Demand
    {
        get
        {
            lock (_gate)
            {
                return _taken + _waiters;
            }
        }
    }

    public int Count => slots;

    public bool TryTake()
    {
        lock (_gate)
        {
            if (_taken == slots)
            {
                return false;
            }

            _taken++;
            return true;
        }
    }

    /// <exception cref="OperationCanceledException">No slot was taken.</exception>
    public async Task TakeAsync(int priority, CancellationToken cancellationToken)
    {
        if (TryTake())
        {
            return;
        }

        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Enqueue(waiter, (-priority, _order++));
            _waiters++;
        }

        // One may have become free between the two looks.
        Serve();
        await using var registration = cancellationToken.Register(() => waiter.TrySetCanceled(cancellationToken));
        try
        {
            await waiter.Task;
        }
        finally
        {
            lock (_gate)
            {
                _waiters--;
            }
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            _taken--;
        }

        Serve();
    }

    private void Serve()
    {
        lock (_gate)
        {
            // One that was cancelled refuses its slot, and the next gets it.
            while (_taken < slots && _waiting.TryDequeue(out var waiter, out _))
            {
                _taken += waiter.TrySetResult() ? 1 : 0;
            }
        }
    }
}
