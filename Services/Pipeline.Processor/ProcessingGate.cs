namespace Pipeline.Processor;

/// <summary>Lets a loop run, except while it is paused. Safe from any thread.</summary>
internal sealed class ProcessingGate
{
    private readonly Lock _lock = new();

    // Completed while nothing is paused, and while nothing runs.
    private TaskCompletionSource _resumed = Completed();
    private TaskCompletionSource _ended = Completed();
    private CancellationTokenSource? _run;

    public bool IsPaused => !Resumed.IsCompleted;

    private Task Resumed
    {
        get
        {
            lock (_lock)
            {
                return _resumed.Task;
            }
        }
    }

    /// <summary>Runs the loop until the token asks to stop: a pause ends it, by the token that it gets, and a resume begins it anew.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> loop, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Resumed.WaitAsync(stoppingToken);
            using var run = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            if (!TryEnter(run))
            {
                continue;
            }

            try
            {
                await loop(run.Token);
            }
            finally
            {
                Leave();
            }
        }
    }

    /// <summary>Ends the loop and returns when it has ended. It stays ended until <see cref="Resume"/>, also when the wait is given up.</summary>
    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        Task ending;
        lock (_lock)
        {
            if (_resumed.Task.IsCompleted)
            {
                _resumed = Open();
            }

            ending = Task.WhenAll(_run?.CancelAsync() ?? Task.CompletedTask, _ended.Task);
        }

        await ending.WaitAsync(cancellationToken);
    }

    public void Resume()
    {
        lock (_lock)
        {
            _resumed.TrySetResult();
        }
    }

    private bool TryEnter(CancellationTokenSource run)
    {
        lock (_lock)
        {
            if (!_resumed.Task.IsCompleted)
            {
                return false;
            }

            (_run, _ended) = (run, Open());
            return true;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            _run = null;
            _ended.SetResult();
        }
    }

    private static TaskCompletionSource Open() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource Completed()
    {
        var done = Open();
        done.SetResult();
        return done;
    }
}
