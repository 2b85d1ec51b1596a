using Microsoft.Extensions.Time.Testing;
using Pipeline.Streaming.Processing;

namespace Pipeline.Streaming.Tests.Processing;

public sealed class EffectScheduleTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Write = TimeSpan.FromMilliseconds(60);

    private readonly FakeTimeProvider _time = new();
    private readonly EffectSchedule _schedule;

    public EffectScheduleTests()
    {
        _schedule = new EffectSchedule(0, new StreamTaskSettings { FlushInterval = Interval }, _time);
        _schedule.Restart();
    }

    [Fact]
    public void Flushed_NothingLeftInTheLog_NextWriteIsDueAnIntervalAfterThisOneBegan()
    {
        AfterAWrite(left: 0);
        Assert.Equal(Interval - Write, UntilFlush(pendingRows: 1));
    }

    [Fact]
    public void Flushed_MoreLeftInTheLog_NextWriteIsDueAnIntervalAfterThisOneEnded()
    {
        AfterAWrite(left: 1);
        Assert.Equal(Interval, UntilFlush(pendingRows: 1));
        Assert.Equal(TimeSpan.Zero, UntilFlush(pendingRows: 5_000));
    }

    private void AfterAWrite(long left)
    {
        _schedule.Processed(1, left);
        var started = _time.GetTimestamp();
        _time.Advance(Write);
        _schedule.Flushed(early: false, started);
    }

    private TimeSpan? UntilFlush(int pendingRows) => _schedule.UntilDue(pendingRows, early: false, checkpoint: false);
}
