using System.Collections.Concurrent;

namespace Pipeline.Scheduling.Execution;

/// <summary>Wakes those that wait for room in a pool: at once when a task of this process leaves it, after a while for those of other processes.</summary>
internal sealed class PoolSignal(TimeProvider clock)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _pools = new(StringComparer.Ordinal);

    public void Set(string pool)
    {
        if (_pools.TryRemove(pool, out var waiting))
        {
            waiting.TrySetResult();
        }
    }

    public async Task WaitAsync(string pool, CancellationToken cancellationToken)
    {
        var waiting = _pools.GetOrAdd(pool, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await Task.WhenAny(waiting.Task, Task.Delay(Longest, clock, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }
}
