using System.Globalization;
using CsCheck;

namespace Pipeline.Scheduling.Tests;

public sealed class TimetableTests
{
    private static readonly Timetable EveryTenSeconds = Timetable.Every(TimeSpan.FromSeconds(10));
    private static readonly TimetableBounds LatestOnly = new(null, Catchup: false);

    [Fact]
    public void Next_NothingScheduledYet_IsTheLastCompletedInterval()
        => Assert.Equal(Interval("15:09:50", "15:10:00"), EveryTenSeconds.Next(null, At("15:10:07"), LatestOnly));

    [Fact]
    public void Next_AtTheBoundary_TheIntervalThatJustEndedIsDue()
        => Assert.Equal(Interval("15:09:50", "15:10:00"), EveryTenSeconds.Next(Interval("15:09:40", "15:09:50"), At("15:10:00"), LatestOnly));

    [Fact]
    public void Next_LastOneIsCurrent_IsTheFollowingInFuture()
        => Assert.Equal(Interval("15:10:00", "15:10:10"), EveryTenSeconds.Next(Interval("15:09:50", "15:10:00"), At("15:10:07"), LatestOnly));

    [Fact]
    public void Next_AsleepOverManyIntervalsWithoutCatchup_IsTheLatestOnly()
        => Assert.Equal(Interval("16:59:50", "17:00:00"), EveryTenSeconds.Next(Interval("15:09:50", "15:10:00"), At("17:00:09"), LatestOnly));

    [Fact]
    public void Next_AsleepOverManyIntervalsWithCatchup_IsTheOneAfterTheLast()
        => Assert.Equal(
            Interval("15:10:00", "15:10:10"),
            EveryTenSeconds.Next(Interval("15:09:50", "15:10:00"), At("17:00:09"), new TimetableBounds(At("12:00:00"), Catchup: true)));

    [Fact]
    public void Next_CatchupWithNothingScheduledYet_BeginsAtTheFirstWholeIntervalAfterTheStartDate()
        => Assert.Equal(Interval("12:00:10", "12:00:20"), EveryTenSeconds.Next(null, At("17:00:09"), new TimetableBounds(At("12:00:03"), Catchup: true)));

    [Fact]
    public void Next_StartDateAhead_WaitsForIt()
        => Assert.Equal(Interval("18:00:00", "18:00:10"), EveryTenSeconds.Next(null, At("17:00:09"), new TimetableBounds(At("18:00:00"), Catchup: false)));

    [Fact]
    public void Next_ClockJumpedBack_NeverRepeatsAnInterval()
        => Assert.Equal(Interval("15:10:00", "15:10:10"), EveryTenSeconds.Next(Interval("15:09:50", "15:10:00"), At("14:00:00"), LatestOnly));

    [Fact]
    public void Next_IntervalLengthChanged_StaysAlignedAndDoesNotOverlap()
        => Assert.Equal(
            Interval("15:11:00", "15:12:00"),
            Timetable.Every(TimeSpan.FromMinutes(1)).Next(Interval("15:10:10", "15:10:20"), At("15:10:25"), LatestOnly));

    [Fact]
    public void Next_BeforeTheEpoch_IsAligned()
    {
        var next = EveryTenSeconds.Next(null, DateTimeOffset.UnixEpoch.AddSeconds(-3), LatestOnly);

        Assert.Equal(new DataInterval(DateTimeOffset.UnixEpoch.AddSeconds(-20), DateTimeOffset.UnixEpoch.AddSeconds(-10)), next);
    }

    [Fact]
    public void Next_Catchup_TilesTimeWithoutGapOrOverlap()
        => Gen.Select(Gen.Int[1, 100_000], Gen.Long[0, 4_000_000_000_000], Gen.Int[1, 50]).Sample((milliseconds, start, steps) =>
        {
            var timetable = Timetable.Every(TimeSpan.FromMilliseconds(milliseconds));
            var startDate = DateTimeOffset.FromUnixTimeMilliseconds(start);
            var now = startDate.AddMilliseconds((double)milliseconds * 1000);
            DataInterval? last = null;
            for (var i = 0; i < steps; i++)
            {
                var next = timetable.Next(last, now, new TimetableBounds(startDate, Catchup: true))!.Value;
                Assert.Equal(milliseconds, next.Length.TotalMilliseconds);
                Assert.Equal(0, next.Start.ToUnixTimeMilliseconds() % milliseconds);
                Assert.Equal(last?.End ?? next.Start, next.Start);
                Assert.True(next.Start >= startDate && (last is not null || next.Start < startDate.AddMilliseconds(milliseconds)));
                last = next;
            }
        });

    [Fact]
    public void Next_WithoutCatchup_IsEitherDueAndLatestOrTheFollowing()
        => Gen.Select(Gen.Int[1, 100_000], Gen.Long[0, 4_000_000_000_000], Gen.Int[-1000, 1000]).Sample((milliseconds, time, lastSteps) =>
        {
            var timetable = Timetable.Every(TimeSpan.FromMilliseconds(milliseconds));
            var now = DateTimeOffset.FromUnixTimeMilliseconds(time);
            var lastStart = ((time / milliseconds) + lastSteps) * milliseconds;
            var last = new DataInterval(DateTimeOffset.FromUnixTimeMilliseconds(lastStart), DateTimeOffset.FromUnixTimeMilliseconds(lastStart + milliseconds));
            var next = timetable.Next(last, now, LatestOnly)!.Value;
            Assert.True(next.Start >= last.End);
            Assert.True(next.Start == last.End || (next.End <= now && next.End.AddMilliseconds(milliseconds) > now));
        });

    [Fact]
    public void Every_NotAWholeMillisecond_IsRefused()
        => Assert.Throws<ArgumentOutOfRangeException>(() => Timetable.Every(TimeSpan.FromTicks(15_000)));

    [Fact]
    public void Manual_HasNoNext() => Assert.Null(Timetable.Manual.Next(null, At("15:10:07"), LatestOnly));

    [Fact]
    public void RunId_IsAirflowsForm()
    {
        Assert.Equal("scheduled__2026-11-23T15:10:00+00:00", RunId.For(DagRunType.Scheduled, At("15:10:00")));
        Assert.Equal("manual__2026-11-23T15:10:00.120034+00:00", RunId.For(DagRunType.Manual, At("15:10:00").AddTicks(1_200_340)));
        Assert.Equal("scheduled__2026-11-23T13:10:00+00:00", RunId.For(DagRunType.Scheduled, new DateTimeOffset(2026, 11, 23, 15, 10, 0, TimeSpan.FromHours(2))));
    }

    [Fact]
    public void RetryDelay_GrowsToItsCapWithinItsJitter()
    {
        var delay = new RetryDelay(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(60));

        Assert.Equal([1, 2, 4, 8, 16, 30, 30], Enumerable.Range(1, 7).Select(failed => delay.After(failed, 0).TotalSeconds));
        Assert.Equal(60, delay.After(1000, 1).TotalSeconds);
    }

    [Fact]
    public void DataInterval_EndBeforeStart_IsRefused()
        => Assert.Throws<ArgumentException>(() => new DataInterval(At("15:00:01"), At("15:00:00")));

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse($"2026-11-23T{time}Z", CultureInfo.InvariantCulture);

    private static DataInterval Interval(string start, string end) => new(At(start), At(end));
}
