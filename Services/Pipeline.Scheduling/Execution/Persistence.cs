using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// What the executor writes, tried again while the database is away: a restart of the database costs time, no try. It gives up when this
/// instance's lease has run out, because by then the run may be somebody else's.
/// </summary>
internal sealed class Persistence(MetadataDatabase database, InstanceLease lease, SchedulerHealth health, TimeProvider clock, ILogger<Persistence> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    public Task<T> ReadAsync<T>(Func<MetadataSession, T> read) => InsistAsync(_ => database.ReadAsync(read, CancellationToken.None));

    public Task<T> WriteAsync<T>(Func<MetadataSession, T> write) => InsistAsync(_ => database.WriteAsync(write, CancellationToken.None));

    /// <summary>Starts a try.</summary>
    public Task<TryStartResult> StartAsync(TaskMove start) => InsistAsync(_ => database.WriteAsync(TryTable.Starts, start, CancellationToken.None));

    /// <summary>
    /// Ends a try, with whatever it leaves. When an earlier attempt broke in the middle of its commit, a refusal may mean that it had been written: then
    /// the row says so.
    /// </summary>
    public Task<bool> EndAsync(TryEnd end) => InsistAsync(attempt => database.WriteAsync(TryTable.Ends, end with { IsRepeated = attempt > 0 }, CancellationToken.None));

    /// <summary>Moves a task instance on that is not running here.</summary>
    public Task<bool> MoveAsync(TaskMove move) => EndAsync(new TryEnd(move, [], [], [], IsRepeated: false));

    private async Task<T> InsistAsync<T>(Func<int, Task<T>> access)
    {
        var pause = FirstPause;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await access(attempt);
            }
            catch (MetadataStoreException e) when (e.IsTransient && lease.IsValid)
            {
                health.Failing(e.Message);
                logger.MetadataUnavailable(e.Message, pause.TotalSeconds);
            }

            await Task.Delay(pause, clock);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }
}
