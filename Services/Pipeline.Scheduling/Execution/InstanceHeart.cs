using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>Tells the database that this instance lives, and tells this instance when others may think it dead.</summary>
internal sealed class InstanceHeart(
    MetadataDatabase database, InstanceLease lease, SchedulerHealth health, IOptions<SchedulingOptions> options, TimeProvider clock, ILogger<InstanceHeart> logger)
{
    public async Task RegisterAsync(CancellationToken cancellationToken)
    {
        var sentAt = clock.GetTimestamp();
        var now = clock.GetUtcNow();
        await database.WriteAsync(session => JobTable.Register(session, lease.Instance, now), cancellationToken);
        lease.Renew(sentAt);
        health.Beat(now);
    }

    /// <summary>Beats until cancelled.</summary>
    /// <param name="onLost">The runs of this instance may be, or are, somebody else's: its tries have to end. May be called again.</param>
    public Task RunAsync(Action onLost, CancellationToken cancellationToken) => Task.WhenAll(BeatLoopAsync(onLost, cancellationToken), LeaseLoopAsync(onLost, cancellationToken));

    /// <summary>Says that the instance has stopped, so that nobody has to wait for its silence.</summary>
    public async Task EndAsync()
    {
        try
        {
            await database.WriteAsync(
                session =>
                {
                    var ended = JobTable.End(session, lease.Instance.Id, clock.GetUtcNow());
                    session.Dialect.Notify(session);
                    return ended;
                },
                CancellationToken.None);
        }
        catch (MetadataStoreException e)
        {
            // Others find out by the missing process or beat.
            logger.MetadataUnavailable(e.Message, 0);
        }

        // An instance that has ended never comes back under its name.
        lease.Replace();
    }

    private async Task BeatLoopAsync(Action onLost, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Value.HeartbeatInterval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                try
                {
                    await BeatAsync(onLost, cancellationToken);
                }
                catch (MetadataStoreException e)
                {
                    health.Failing(e.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task BeatAsync(Action onLost, CancellationToken cancellationToken)
    {
        var sentAt = clock.GetTimestamp();
        var now = clock.GetUtcNow();
        if (await database.WriteAsync(session => JobTable.Beat(session, lease.Instance.Id, now), cancellationToken))
        {
            lease.Renew(sentAt);
            health.Beat(now);
            return;
        }

        // Others run by now what this process had; what its tries still write is refused.
        onLost();
        lease.Replace();
        logger.DeclaredDead(lease.Instance.Id);
        await RegisterAsync(cancellationToken);
    }

    /// <summary>Looks at the clock and not at the database, so that it notices also while a beat hangs.</summary>
    private async Task LeaseLoopAsync(Action onLost, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Value.HeartbeatInterval / 5, clock);
        var wasValid = true;
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                if (!lease.IsValid)
                {
                    if (wasValid)
                    {
                        logger.LeaseExpired(options.Value.LeaseDuration.TotalSeconds);
                    }

                    onLost();
                }

                wasValid = lease.IsValid;
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }
}
