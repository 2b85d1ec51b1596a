using Microsoft.Extensions.Options;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// Finds out which other instances are dead: those whose process is gone from this machine, and those whose beat has stood still for as long as the
/// lease by this process's steady clock. A clock that is wrong or jumps, here or there, kills nobody.
/// </summary>
internal sealed class PeerWatch(IOptions<SchedulingOptions> options, TimeProvider clock)
{
    private readonly Dictionary<string, (long Beat, long Since)> _seen = new(StringComparer.Ordinal);

    /// <summary>Looks at the running instances and returns those that are dead.</summary>
    public IReadOnlyList<SchedulerJob> FindDead(IReadOnlyList<SchedulerJob> jobs, string self)
    {
        var now = clock.GetTimestamp();
        var dead = new List<SchedulerJob>();
        var running = jobs.Where(job => job.State == "running" && job.Id != self).ToList();
        foreach (var job in running)
        {
            if (!_seen.TryGetValue(job.Id, out var seen) || seen.Beat != job.Beat)
            {
                _seen[job.Id] = seen = (job.Beat, now);
            }

            if (clock.GetElapsedTime(seen.Since, now) > options.Value.LeaseDuration
                || new SchedulerInstance(job.Id, job.Hostname, job.Pid, job.ProcessStart).IsKnownDead())
            {
                dead.Add(job);
            }
        }

        foreach (var gone in _seen.Keys.Except(running.Select(job => job.Id), StringComparer.Ordinal).ToList())
        {
            _seen.Remove(gone);
        }

        return dead;
    }
}
