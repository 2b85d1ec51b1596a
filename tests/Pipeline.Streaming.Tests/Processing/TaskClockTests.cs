using Microsoft.Extensions.Time.Testing;
using Pipeline.Streaming.Processing;

namespace Pipeline.Streaming.Tests.Processing;

public sealed class TaskClockTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Read_AnyActivities_AddsUpToTheWholeTime()
    {
        var clock = new TaskClock(_time);
        _time.Advance(TimeSpan.FromSeconds(1));
        clock.Enter(TaskActivity.Busy);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TaskActivity.Busy, clock.Enter(TaskActivity.BackPressured));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(new TaskTimes(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4)), clock.Read());
        clock.Enter(TaskActivity.Idle);
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(new TaskTimes(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(4)), clock.Read());
    }

    [Fact]
    public void ReadRecent_LongAfter_ForgetsWhatWasBefore()
    {
        var clock = new TaskClock(_time);
        clock.Enter(TaskActivity.Busy);
        _time.Advance(TimeSpan.FromMinutes(1));
        clock.Enter(TaskActivity.Idle);
        for (var i = 0; i < 12; i++)
        {
            clock.ReadRecent();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var recent = clock.ReadRecent();
        Assert.Equal(TimeSpan.Zero, recent.Busy);
        Assert.InRange(recent.Idle, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
    }
}
