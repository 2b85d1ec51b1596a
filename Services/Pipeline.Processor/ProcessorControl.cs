using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Processor;

/// <summary>
/// What an operator may ask of a processor at work. One thing at a time; a pause lasts until it is ended or the process is started again.
/// With several processors on one log it concerns this one only, and the others take its partitions: all are to be paused before results are forgotten.
/// </summary>
internal sealed class ProcessorControl(ProcessorWorker worker, ResultReplay replay, ILogger<ProcessorControl> logger) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    public bool IsPaused => worker.Gate.IsPaused;

    /// <summary>Drains, checkpoints and gives the partitions up.</summary>
    public Task PauseAsync(CancellationToken cancellationToken) => AloneAsync(() => StopAsync(cancellationToken), cancellationToken);

    public Task ResumeAsync(CancellationToken cancellationToken) => AloneAsync(
        () =>
        {
            Start();
            return Task.CompletedTask;
        },
        cancellationToken);

    /// <summary>Pauses, and forgets what was derived from the records that the log still holds. A resume derives it again.</summary>
    /// <exception cref="StorageException">The store could not be reset; it can be tried again, and a resume goes on with what is there.</exception>
    /// <exception cref="RecordLogException">The log could not be read.</exception>
    public Task ResetAsync(CancellationToken cancellationToken) => AloneAsync(() => ForgetAsync(cancellationToken), cancellationToken);

    /// <summary>Forgets the results and derives them from the log again. Whatever happens meanwhile, processing goes on.</summary>
    /// <exception cref="StorageException">The store could not be reset.</exception>
    /// <exception cref="RecordLogException">The log could not be read.</exception>
    public Task ReplayAsync(CancellationToken cancellationToken) => AloneAsync(
        async () =>
        {
            try
            {
                await ForgetAsync(cancellationToken);
            }
            finally
            {
                Start();
            }
        },
        cancellationToken);

    public void Dispose() => _one.Dispose();

    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        await StopAsync(cancellationToken);
        await replay.ForgetAsync(cancellationToken);
        Log.Forgotten(logger);
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await worker.Gate.PauseAsync(cancellationToken);
        Log.Paused(logger);
    }

    private void Start()
    {
        worker.Gate.Resume();
        Log.Resumed(logger);
    }

    private async Task AloneAsync(Func<Task> action, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            await action();
        }
        finally
        {
            _one.Release();
        }
    }
}
