using Microsoft.Extensions.Options;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// Who this instance is, and until when it may believe that its runs are its own. It counts by the steady clock of this process from before each
/// beat was sent; a watcher counts from after it saw the beat, so that the watcher never gives up first. No clock of another machine is asked.
/// </summary>
internal sealed class InstanceLease(IOptions<SchedulingOptions> options, TimeProvider clock)
{
    private long _renewedAt = long.MinValue;

    public SchedulerInstance Instance { get; private set; } = SchedulerInstance.ForThisProcess();

    public bool IsValid
    {
        get
        {
            var renewedAt = Interlocked.Read(ref _renewedAt);
            return renewedAt != long.MinValue && clock.GetElapsedTime(renewedAt) < options.Value.LeaseDuration;
        }
    }

    /// <param name="sentAt">The clock's timestamp before the beat was sent.</param>
    public void Renew(long sentAt) => Interlocked.Exchange(ref _renewedAt, sentAt);

    /// <summary>Becomes somebody else: what the old one still writes stays refused.</summary>
    public void Replace()
    {
        Interlocked.Exchange(ref _renewedAt, long.MinValue);
        Instance = SchedulerInstance.ForThisProcess();
    }
}
