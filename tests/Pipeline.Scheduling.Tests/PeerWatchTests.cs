using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Scheduling.Execution;

namespace Pipeline.Scheduling.Tests;

public sealed class PeerWatchTests
{
    private static readonly IOptions<SchedulingOptions> Settings = Options.Create(new SchedulingOptions { LeaseDuration = TimeSpan.FromSeconds(30) });

    [Fact]
    public void FindDead_BeatStandsStillForTheLease_IsDead_AndNoSooner()
    {
        var clock = new FakeTimeProvider();
        var watch = new PeerWatch(Settings, clock);
        Assert.Empty(watch.FindDead([Job(beat: 7)], "me"));
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Empty(watch.FindDead([Job(beat: 7)], "me"));
        clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("other", Assert.Single(watch.FindDead([Job(beat: 7)], "me")).Id);
    }

    [Fact]
    public void FindDead_BeatMoves_IsAliveWhateverTheClocksSay()
    {
        var clock = new FakeTimeProvider();
        var watch = new PeerWatch(Settings, clock);
        for (var beat = 0; beat < 100; beat++)
        {
            // The other's clock is years away, and stands.
            Assert.Empty(watch.FindDead([Job(beat)], "me"));
            clock.Advance(TimeSpan.FromSeconds(29));
        }
    }

    [Fact]
    public void Lease_RunsOutBeforeAnyWatcherGivesUp()
    {
        var clock = new FakeTimeProvider();
        var lease = new InstanceLease(Settings, clock);
        var watch = new PeerWatch(Settings, clock);
        var sentAt = clock.GetTimestamp();
        clock.Advance(TimeSpan.FromSeconds(3)); // the beat is on its way
        watch.FindDead([Job(1)], "me");
        lease.Renew(sentAt);
        clock.Advance(TimeSpan.FromSeconds(27));

        Assert.False(lease.IsValid);
        Assert.Empty(watch.FindDead([Job(1)], "me"));
    }

    private static SchedulerJob Job(long beat) => new("other", "running", "another-host", 1, DateTimeOffset.UnixEpoch, null, DateTimeOffset.UnixEpoch) { Beat = beat };
}
