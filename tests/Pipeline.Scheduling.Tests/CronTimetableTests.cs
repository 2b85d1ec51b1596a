using System.Globalization;
using CsCheck;

namespace Pipeline.Scheduling.Tests;

/// <summary>
/// The timetable against an enumeration that knows nothing of it: every minute of UTC, seen on the wall clock of the time zone and matched against
/// sets of numbers. Two rules are added by hand: what falls into a gap of the wall clock happens at its end, and a fixed time in the hour that comes
/// twice happens in the first pass only.
/// </summary>
public sealed class CronTimetableTests
{
    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca"];

    private static readonly DateTimeOffset[] Moments =
    [
        At("2024-02-28T00:00:00"), At("2026-03-28T12:00:00"), At("2026-10-24T12:00:00"), At("2026-03-07T12:00:00"), At("2026-10-31T12:00:00"),
        At("2026-04-04T00:00:00"), At("2026-10-03T00:00:00"), At("2026-12-31T00:00:00"), At("2026-06-15T00:00:00"),
    ];

    private static readonly Gen<Field> Minutes = Gen.OneOf(
        Gen.Const(new Field("*", [.. Enumerable.Range(0, 60)], true)),
        Gen.Int[0, 59].Select(m => new Field($"{m}", [m], false)),
        Gen.Select(Gen.Int[0, 59], Gen.Int[0, 59]).Select((a, b) => new Field($"{a},{b}", [a, b], false)),
        Gen.Int[5, 30].Select(step => new Field($"*/{step}", [.. Enumerable.Range(0, 60).Where(m => m % step == 0)], true)));

    private static readonly Gen<Field> Hours = Gen.OneOf(
        Gen.Const(new Field("*", [.. Enumerable.Range(0, 24)], true)),
        Gen.Int[0, 4].Select(h => new Field($"{h}", [h], false)),
        Gen.Int[0, 23].Select(h => new Field($"{h}", [h], false)),
        Gen.Select(Gen.Int[0, 3], Gen.Int[4, 23]).Select((a, b) => new Field($"{a}-{b}", [.. Enumerable.Range(a, b - a + 1)], true)));

    private static readonly Gen<(Field OfMonth, Field OfWeek)> Days = Gen.OneOf(
        Gen.Const((Any(1, 31), Any(0, 6))),
        Gen.Select(Gen.Int[1, 31], Gen.Const(Any(0, 6))).Select((d, week) => (new Field($"{d}", [d], false), week)),
        Gen.Select(Gen.Const(Any(1, 31)), Gen.Int[0, 6]).Select((month, d) => (month, new Field($"{d}", [d], false))),
        Gen.Select(Gen.Int[1, 31], Gen.Int[0, 6]).Select((d, w) => (new Field($"{d}", [d], false), new Field($"{w}", [w], false))));

    [Fact]
    public void Next_WithCatchup_IsTheEnumerationOfTheWallClock()
        => Gen.Select(Minutes, Hours, Days, Gen.Int[0, Zones.Length - 1].Select(i => Zones[i]), Gen.Int[0, Moments.Length - 1].Select(i => Moments[i])).Sample((minute, hour, days, zone, from) =>
        {
            var to = from.AddDays(4);
            var timetable = Timetable.Cron($"{minute.Text} {hour.Text} {days.OfMonth.Text} * {days.OfWeek.Text}", zone);
            var expected = Enumerate(minute, hour, days, TimeZoneInfo.FindSystemTimeZoneById(zone), from, to);
            var starts = timetable.Between(from, to).Select(interval => interval.Start).ToList();
            Assert.Equal(expected, starts);

            // The intervals tile time.
            Assert.All(timetable.Between(from, to).Zip(timetable.Between(from, to).Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        }, iter: 400);

    [Fact]
    public void Next_WithoutCatchup_IsTheLatestCompletedOrTheOneAfterTheLast()
        => Gen.Select(Minutes, Hours, Gen.Int[0, Zones.Length - 1].Select(i => Zones[i]), Gen.Int[0, Moments.Length - 1].Select(i => Moments[i]), Gen.Int[0, 4 * 24 * 60], Gen.Int[0, 4 * 24 * 60]).Sample((minute, hour, zone, from, lastAt, nowAt) =>
        {
            var timetable = Timetable.Cron($"{minute.Text} {hour.Text} * * *", zone);
            var occurrences = Enumerate(minute, hour, (Any(1, 31), Any(0, 6)), TimeZoneInfo.FindSystemTimeZoneById(zone), from, from.AddDays(9));
            var now = from.AddDays(2).AddMinutes(nowAt).AddMilliseconds(59_999);
            var last = occurrences.Zip(occurrences.Skip(1)).Where(pair => pair.Second <= from.AddDays(2).AddMinutes(lastAt)).Select(pair => (DataInterval?)new DataInterval(pair.First, pair.Second)).LastOrDefault();

            // What an instance that slept does: the latest interval that is over, or if that is behind the last one, the one after it.
            var latest = occurrences.Zip(occurrences.Skip(1)).Last(pair => pair.Second <= now);
            var following = last is { } l ? occurrences.Zip(occurrences.Skip(1)).First(pair => pair.First >= l.End) : latest;
            var expected = following.First > latest.First ? following : latest;

            Assert.Equal(new DataInterval(expected.First, expected.Second), timetable.Next(last, now, default));
        }, iter: 400);

    [Theory]
    [InlineData("30 2 * * *", "2026-03-28T00:00:00", "2026-03-28T01:30:00 2026-03-29T01:00:00 2026-03-30T00:30:00")] // 02:30 is not there on the 29th: 03:00 CEST
    [InlineData("30 2 * * *", "2026-10-24T00:00:00", "2026-10-24T00:30:00 2026-10-25T00:30:00 2026-10-26T01:30:00")] // 02:30 comes twice on the 25th: once
    [InlineData("0 * * * *", "2026-10-25T00:00:00", "2026-10-25T00:00:00 2026-10-25T01:00:00 2026-10-25T02:00:00")] // hourly goes on every hour
    [InlineData("59 23 * * *", "2026-12-31T00:00:00", "2026-12-31T22:59:00 2027-01-01T22:59:00 2027-01-02T22:59:00")]
    [InlineData("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-28T23:00:00 2032-02-28T23:00:00 2036-02-28T23:00:00")] // leap days
    [InlineData("0 12 13 * 5", "2026-11-01T00:00:00", "2026-11-06T11:00:00 2026-11-13T11:00:00 2026-11-20T11:00:00")] // the 13th or a Friday
    public void Berlin_KnownDays(string expression, string from, string expected)
    {
        var starts = Timetable.Cron(expression, "Europe/Berlin").Between(At(from), At(from).AddYears(12)).Take(3);

        Assert.Equal(expected, string.Join(' ', starts.Select(interval => interval.Start.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture))));
    }

    [Fact]
    public void Next_LastMillisecondOfTheDay_IsNotDueYet()
    {
        var daily = Timetable.Cron("@daily");
        var last = new DataInterval(At("2026-11-23T00:00:00"), At("2026-11-24T00:00:00"));

        Assert.Equal(new DataInterval(At("2026-11-24T00:00:00"), At("2026-11-25T00:00:00")), daily.Next(last, At("2026-11-24T23:59:59").AddMilliseconds(999), default));
    }

    [Fact]
    public void Next_ClockJumpedBackAnHour_RepeatsNothing()
    {
        var hourly = Timetable.Cron("@hourly");
        var last = new DataInterval(At("2026-11-23T14:00:00"), At("2026-11-23T15:00:00"));

        Assert.Equal(new DataInterval(At("2026-11-23T15:00:00"), At("2026-11-23T16:00:00")), hourly.Next(last, At("2026-11-23T14:05:00"), default));
    }

    [Fact]
    public void Next_AsleepOverAHundredIntervals_RunsAllWithCatchupAndOneWithout()
    {
        var timetable = Timetable.Cron("*/5 * * * *");
        var (last, now) = (new DataInterval(At("2026-11-23T00:00:00"), At("2026-11-23T00:05:00")), At("2026-11-23T08:25:01"));

        Assert.Equal(100, Missed(true));
        Assert.Equal(1, Missed(false));

        int Missed(bool catchup)
        {
            var (bounds, previous, count) = (new TimetableBounds(At("2026-11-01T00:00:00"), catchup), (DataInterval?)last, 0);
            while (timetable.Next(previous, now, bounds) is { } next && next.End <= now)
            {
                (previous, count) = (next, count + 1);
            }

            return count;
        }
    }

    [Fact]
    public void Next_EndDate_IsTheLastStart()
    {
        var bounds = new TimetableBounds(At("2026-11-01T00:00:00"), Catchup: true, At("2026-11-02T00:00:00"));
        var daily = Timetable.Cron("0 0 * * *");
        var second = daily.Next(new DataInterval(At("2026-11-01T00:00:00"), At("2026-11-02T00:00:00")), At("2026-12-01T00:00:00"), bounds)!.Value;

        Assert.Equal(At("2026-11-02T00:00:00"), second.Start);
        Assert.Null(daily.Next(second, At("2026-12-01T00:00:00"), bounds));
    }

    [Fact]
    public void Continuous_EachIntervalBeginsWhereTheLastEnded_AlsoWhenTheClockStandsOrJumpsBack()
    {
        var first = Timetable.Continuous.Next(null, At("2026-11-23T15:00:00"), default)!.Value;
        var second = Timetable.Continuous.Next(first, At("2026-11-23T15:00:00"), default)!.Value;
        var third = Timetable.Continuous.Next(second, At("2026-11-23T14:00:00"), default)!.Value;

        Assert.Equal((first.End, second.End), (second.Start, third.Start));
        Assert.All([first, second, third], interval => Assert.True(interval.Length > TimeSpan.Zero));
    }

    [Theory]
    [InlineData("61 * * * *", "UTC", "is not a cron expression")]
    [InlineData("* * *", "UTC", "is not a cron expression")]
    [InlineData("0 0 30 2 *", "UTC", "never occurs")]
    [InlineData("0 0 * * *", "Europe/Atlantis", "is not a time zone")]
    public void Cron_Wrong_SaysWhat(string expression, string zone, string words)
        => Assert.Contains(words, Assert.Throws<FormatException>(() => Timetable.Cron(expression, zone)).Message, StringComparison.Ordinal);

    private static List<DateTimeOffset> Enumerate(Field minute, Field hour, (Field OfMonth, Field OfWeek) days, TimeZoneInfo zone, DateTimeOffset from, DateTimeOffset to)
    {
        var repeats = minute.Repeats || hour.Repeats;
        var found = new SortedSet<DateTimeOffset>();
        var seenOnWallClock = new HashSet<DateTime>();
        var before = TimeZoneInfo.ConvertTime(from.AddHours(-3).AddMinutes(-1), zone).DateTime;
        for (var time = from.AddHours(-3); time <= to.AddHours(3); time = time.AddMinutes(1))
        {
            var wall = TimeZoneInfo.ConvertTime(time, zone).DateTime;

            // Minutes that the wall clock left out just before this one.
            for (var skipped = before.AddMinutes(1); skipped < wall; skipped = skipped.AddMinutes(1))
            {
                if (Matches(skipped))
                {
                    found.Add(time);
                }
            }

            var isFirstPass = seenOnWallClock.Add(wall);
            if (Matches(wall) && (repeats || isFirstPass))
            {
                found.Add(time);
            }

            before = wall;
        }

        return [.. found.Where(time => time >= from && time <= to).Select(time => time.ToUniversalTime())];

        bool Matches(DateTime wall) => minute.Values.Contains(wall.Minute) && hour.Values.Contains(wall.Hour) && MatchesDay(wall);

        bool MatchesDay(DateTime wall)
        {
            var (ofMonth, ofWeek) = (days.OfMonth.Values.Contains(wall.Day), days.OfWeek.Values.Contains((int)wall.DayOfWeek));
            return days.OfMonth.Text == "*" || days.OfWeek.Text == "*" ? ofMonth && ofWeek : ofMonth || ofWeek;
        }
    }

    private static Field Any(int from, int to) => new("*", [.. Enumerable.Range(from, to - from + 1)], true);

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse($"{time}Z", CultureInfo.InvariantCulture);

    private sealed record Field(string Text, HashSet<int> Values, bool Repeats);
}
