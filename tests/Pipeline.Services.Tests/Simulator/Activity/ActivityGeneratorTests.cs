using Pipeline.Contracts;
using Pipeline.Simulator.Activity;

namespace Pipeline.Services.Tests.Simulator.Activity;

public sealed class ActivityGeneratorTests
{
    private const long Start = 1_767_225_600_000;
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;

    [Fact]
    public void Arrivals_OfOneSeed_AreTheSameHoweverTimeIsCut()
    {
        var whole = Run(new ActivityOptions(), 1_000, Hour);
        var pieces = new List<ActivityArrival>();
        var generator = Generator(new ActivityOptions(), 1_000);
        for (var until = Start; until < Start + Hour; until += 137)
        {
            generator.Advance(until, pieces);
        }

        generator.Advance(Start + Hour, pieces);
        Assert.Equal(whole, pieces);
        Assert.NotEqual(whole, Run(new ActivityOptions { Seed = 2 }, 1_000, Hour));
    }

    [Fact]
    public void Arrivals_Always_ComeInOrderAndNotBeforeTheyHappened()
    {
        var arrivals = Run(new ActivityOptions(), 1_000, Hour);
        Assert.Equal(arrivals.Select(arrival => arrival.ArrivalTime).Order(), arrivals.Select(arrival => arrival.ArrivalTime));
        Assert.All(arrivals, arrival => Assert.InRange(arrival.Event.EventTime, Start, arrival.ArrivalTime));
        Assert.All(arrivals, arrival => Assert.InRange(arrival.ArrivalTime, Start, Start + Hour - 1));
    }

    [Fact]
    public void Rate_WithEnoughUsers_IsThatOfTheOptions()
    {
        // The first hour fills the sessions and the late events' queue.
        var arrivals = Run(new ActivityOptions { EventsPerSecond = 20 }, 20_000, 5 * Hour).Where(arrival => arrival.ArrivalTime >= Start + Hour).ToArray();
        Assert.InRange(arrivals.Length / (4 * 3_600.0), 20 * 1.01 * 0.96, 20 * 1.01 * 1.04);
    }

    [Fact]
    public void Rates_OfDelaysDuplicatesAndPoison_AreThoseOfTheOptions()
    {
        var options = new ActivityOptions { EventsPerSecond = 50, OutOfOrderRate = 0.1, LateRate = 0.02, DuplicateRate = 0.03, PoisonRate = 0.01 };
        var arrivals = Run(options, 20_000, 3 * Hour);
        var originals = arrivals.Where(arrival => !arrival.IsDuplicate).ToArray();
        var delays = originals.Select(arrival => TimeSpan.FromMilliseconds(arrival.ArrivalTime - arrival.Event.EventTime)).ToArray();
        AssertShare(0.1, originals.Length, delays.Count(delay => delay > TimeSpan.Zero && delay <= options.MaxOutOfOrderness));
        AssertShare(0.02, originals.Length, delays.Count(delay => delay >= options.MinLateness));
        AssertShare(0.03, originals.Length, arrivals.Count - originals.Length);
        AssertShare(0.01, originals.Length, originals.Count(arrival => arrival.Poison != PoisonKind.None));
        Assert.DoesNotContain(delays, delay => delay > options.MaxOutOfOrderness && delay < options.MinLateness);
        Assert.True(delays.Max() <= options.MaxLateness);
        Assert.Equal(Enum.GetValues<PoisonKind>().Length, arrivals.Select(arrival => arrival.Poison).Distinct().Count());
    }

    [Fact]
    public void Duplicate_OfAnEvent_FollowsItWithTheSameId()
    {
        var arrivals = Run(new ActivityOptions { DuplicateRate = 0.2 }, 1_000, Hour);
        var seen = new HashSet<Guid>();
        Assert.All(arrivals, arrival => Assert.Equal(arrival.IsDuplicate, !seen.Add(arrival.Event.EventId)));
    }

    [Fact]
    public void Session_Always_StartsWithLoginAndEndsWithLogoutOrSilence()
    {
        var sessions = Sessions(Calm(), 2_000, 3 * Hour);
        Assert.All(sessions, session =>
        {
            Assert.Equal(EventType.Login, session[0].EventType);
            Assert.Single(session.Select(activity => (activity.UserId, activity.Device)).Distinct());
            Assert.DoesNotContain(session.Skip(1), activity => activity.EventType == EventType.Login);
            Assert.DoesNotContain(session.SkipLast(1), activity => activity.EventType == EventType.Logout);
            Assert.All(session, activity => Assert.Equal(activity.EventType == EventType.Error, activity.Detail is not null));
        });
        Assert.InRange(sessions.Average(session => session.Length), 9, 11);
        Assert.InRange(sessions.Count(session => session[^1].EventType == EventType.Logout) / (double)sessions.Length, 0.6, 0.75);
        Assert.Equal(
            new[] { EventType.Login, EventType.View, EventType.Update, EventType.Logout, EventType.Error }.Order(),
            sessions.SelectMany(session => session).Select(activity => activity.EventType).Distinct().Order());
    }

    [Fact]
    public void Gaps_InASession_AreLogNormal()
    {
        var gaps = Sessions(Calm(), 5_000, 6 * Hour)
            .SelectMany(session => session.Zip(session.Skip(1), (a, b) => Math.Log(b.EventTime - a.EventTime)))
            .Order()
            .ToArray();
        var mean = gaps.Average();
        var sigma = Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean)));
        Assert.InRange(Math.Exp(gaps[gaps.Length / 2]), 7_500, 8_500);
        Assert.InRange(sigma, 0.95, 1.05);
        Assert.True(Math.Exp(gaps[^1]) <= 10 * Minute + 1);
    }

    [Fact]
    public void Sessions_OfOneUser_AreFarApart()
    {
        var gaps = Sessions(Calm(), 5_000, 12 * Hour)
            .GroupBy(session => session[0].UserId)
            .SelectMany(user => user.OrderBy(session => session[0].EventTime).ToArray() is var own
                ? own.Zip(own.Skip(1), (a, b) => b[0].EventTime - a[^1].EventTime)
                : [])
            .Order()
            .ToArray();
        Assert.True(gaps[0] > 0, "sessions of one user overlap");
        Assert.True(gaps[gaps.Length / 20] > 30 * Minute, $"5 % of the gaps are below {gaps[gaps.Length / 20] / Minute} min");
    }

    [Fact]
    public void Users_TooFewForTheRate_StillHaveOneSessionAtATime()
    {
        var arrivals = Run(new ActivityOptions { EventsPerSecond = 100, DuplicateRate = 0, LateRate = 0, OutOfOrderRate = 0 }, 3, Hour);
        Assert.NotEmpty(arrivals);
        Assert.All(arrivals.GroupBy(arrival => arrival.Event.UserId), user =>
        {
            var hints = user.Select(arrival => arrival.Event.SessionHint).ToArray();
            var changes = hints.Zip(hints.Skip(1)).Count(pair => pair.First != pair.Second);
            Assert.Equal(hints.Distinct().Count() - 1, changes);
        });
    }

    [Fact]
    public void Users_None_GiveNothing() => Assert.Empty(Run(new ActivityOptions(), 0, Hour));

    [Fact]
    public void Diurnal_Amplitude_MakesTheEveningBusier()
    {
        var arrivals = Run(new ActivityOptions { DiurnalAmplitude = 0.8, EventsPerSecond = 2 }, 20_000, 24 * Hour);
        int Events(int hour) => arrivals.Count(arrival => arrival.Event.EventTime / Hour % 24 == hour);
        Assert.InRange(Events(20) / 7_200.0, 1.6, 2.0);
        Assert.InRange(Events(8) / 7_200.0, 0.1, 0.35);
        Assert.InRange(arrivals.Count / (86_400.0 * 2 * 1.01), 0.95, 1.05);
    }

    [Fact]
    public void KnownUsers_WhenFull_ForgetTheOldest()
    {
        var users = new KnownUsers(2);
        var ids = Enumerable.Range(1, 3).Select(Id).ToArray();
        Assert.All(ids, id => Assert.True(users.Add(id)));
        Assert.Equal(2, users.Count);
        Assert.False(users.Add(ids[2]));
        Assert.True(users.Add(ids[0]));
    }

    private static ActivityOptions Calm() => new() { EventsPerSecond = 5, DuplicateRate = 0, LateRate = 0, OutOfOrderRate = 0, PoisonRate = 0 };

    private static Guid Id(int number) => new(number, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1);

    private static ActivityGenerator Generator(ActivityOptions options, int userCount)
    {
        var users = new KnownUsers(options.MaxUsers);
        for (var i = 0; i < userCount; i++)
        {
            users.Add(Id(i));
        }

        return new ActivityGenerator(options, users, Start);
    }

    private static List<ActivityArrival> Run(ActivityOptions options, int userCount, long duration)
    {
        var arrivals = new List<ActivityArrival>();
        Generator(options, userCount).Advance(Start + duration, arrivals);
        return arrivals;
    }

    /// <summary>Sessions that began early enough to have ended.</summary>
    private static ActivityEvent[][] Sessions(ActivityOptions options, int userCount, long duration)
        => [.. Run(options, userCount, duration)
            .Select(arrival => arrival.Event)
            .GroupBy(activity => activity.SessionHint)
            .Select(session => session.OrderBy(activity => activity.EventTime).ToArray())
            .Where(session => session[0].EventTime < Start + duration - Hour)];

    private static void AssertShare(double expected, int of, int actual)
    {
        var deviation = 5 * Math.Sqrt(expected * (1 - expected) / of);
        Assert.InRange(actual / (double)of, expected - deviation, expected + deviation);
    }
}
