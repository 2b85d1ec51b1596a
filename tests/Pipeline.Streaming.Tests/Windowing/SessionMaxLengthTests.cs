using CsCheck;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Streaming.Tests.Windowing;

public sealed class SessionMaxLengthTests
{
    private const long Gap = 10;
    private const long MaxLength = 72;
    private const long Slice = 3;
    private const long Latest = 25;

    private static readonly Gen<(int Key, long Time)[]> Events = Gen.Select(Gen.Int[0, 2], Gen.Long[-60, 400]).Array[0, 90];

    [Fact]
    public void WithMaxLength_NotLongerThanTheGap_IsRefused()
        => Assert.Throws<ArgumentOutOfRangeException>(() => SessionWindows.WithGap(TimeSpan.FromMinutes(30)).WithMaxLength(TimeSpan.FromMinutes(30)));

    [Fact]
    public void Sessions_AnyPermutationSplitAndRestart_AreCutAsTheDefinitionSays()
        => Gen.Select(Events, Gen.Int, Gen.Int[0, 90], Gen.Int[1, 9]).Sample((events, seed, cut, batch) =>
        {
            var shuffled = events.ToArray();
            new Random(seed).Shuffle(shuffled);
            Assert.Equal(Definition(events), Run(shuffled, cut, batch, _ => long.MinValue));
        });

    // The watermark follows, so that sessions are emitted, closed and discarded while later ones go on.
    [Fact]
    public void Sessions_WatermarkFollows_AreCutAsTheDefinitionSays()
        => Gen.Select(Events, Gen.Int, Gen.Int[0, 90], Gen.Int[1, 9]).Sample((events, seed, cut, batch) =>
        {
            var random = new Random(seed);
            var disordered = events.OrderBy(e => e.Time + random.NextInt64(Latest)).ToArray();
            Assert.Equal(Definition(events), Run(disordered, cut, batch, newest => newest - Latest));
        });

    [Fact]
    public void Sessions_NeverLongerThanTheMaximumAndShorterOnesNeverCut()
        => Events.Sample(events =>
        {
            foreach (var (_, start, last, _, _) in Run(events, 0, 4, _ => long.MinValue))
            {
                Assert.InRange(last - start, 0, MaxLength - 1);
            }

            foreach (var run in Runs(events).Where(r => r[^1].Time - r[0].Time <= MaxLength - Slice))
            {
                Assert.Contains((run[0].Key, run[0].Time, run[^1].Time, (long)run.Count, true), Run(events, 0, 4, _ => long.MinValue));
            }
        });

    [Fact]
    public void Merge_AnyGrouping_IsAssociativeAndCommutative()
        => Gen.Select(Events, Events, Events).Sample(
            (a, b, c) =>
            {
                var whole = Run([.. a, .. b, .. c], 0, 5, _ => long.MinValue);
                Assert.Equal(whole, Run([.. c, .. b, .. a], 7, 3, _ => long.MinValue));
                Assert.Equal(whole, Run([.. b, .. a, .. c], 11, 9, _ => long.MinValue));
            },
            iter: 50);

    [Fact]
    public void Visit_OneKey_ShowsItsSessionsAndChangesNothing()
    {
        var sessions = New();
        sessions.Update(1, 0, Watermark.None)++;
        sessions.Update(1, 9, Watermark.None)++;
        sessions.Update(1, 50, Watermark.None)++;
        sessions.Update(2, 0, Watermark.None)++;
        List<(long, long, long)> seen = [];
        sessions.Visit(1, (in Session<int, long> s) => seen.Add((s.Start, s.Last, s.Accumulator)));
        sessions.Visit(3, (in Session<int, long> s) => seen.Add((s.Start, s.Last, s.Accumulator)));
        Assert.Equal([(0, 9, 2), (50, 50, 1)], seen);
        Assert.True(sessions.HasUnemitted);
    }

    // Far more than any run of the pipeline has; what is kept is what must be, and it is gone when it may be.
    [Fact]
    public void Sessions_OneHundredThousandOpen_AreAllKeptAndAllDiscarded()
    {
        var sessions = new SessionAggregator<int, long>(SessionWindows.WithGap(TimeSpan.FromMinutes(30)).WithMaxLength(TimeSpan.FromDays(1)), 120_000, Merge);
        const int Users = 100_000;
        for (var round = 0; round < 3; round++)
        {
            for (var user = 0; user < Users; user++)
            {
                sessions.Update(user, (round * 600_000) + user, Watermark.None)++;
            }
        }

        Assert.InRange(sessions.Count, Users, 2 * Users);
        var emitted = 0;
        sessions.Advance(new Watermark(10_000_000));
        sessions.Emit(early: false, (in Session<int, long> s) => emitted += s is { Accumulator: 3, IsClosed: true } ? 1 : 0, (_, _) => { });
        Assert.Equal(Users, emitted);
        Assert.Equal(0, sessions.Count);
    }

    private static SessionAggregator<int, long> New()
        => new(SessionWindows.WithGap(TimeSpan.FromMilliseconds(Gap)).WithMaxLength(TimeSpan.FromMilliseconds(MaxLength)), Latest, Merge);

    private static void Merge(ref long into, in long from) => into += from;

    /// <summary>Sorted events, cut where the silence is longer than the gap.</summary>
    private static List<List<(int Key, long Time)>> Runs((int Key, long Time)[] events)
    {
        var runs = new List<List<(int Key, long Time)>>();
        foreach (var e in events.OrderBy(e => e.Key).ThenBy(e => e.Time))
        {
            if (runs.Count == 0 || runs[^1][^1].Key != e.Key || e.Time - runs[^1][^1].Time > Gap)
            {
                runs.Add([]);
            }

            runs[^1].Add(e);
        }

        return runs;
    }

    /// <summary>Runs, cut again where a session would reach beyond the slices that it may take.</summary>
    private static List<(int, long, long, long, bool)> Definition((int Key, long Time)[] events)
    {
        var sessions = new List<(int Key, long Start, long Last, long Count, bool)>();
        foreach (var run in Runs(events))
        {
            var isFirst = true;
            foreach (var (key, time) in run)
            {
                if (isFirst || time >= ((long)Math.Floor(sessions[^1].Start / (double)Slice) * Slice) + MaxLength)
                {
                    sessions.Add((key, time, time, 0, true));
                    isFirst = false;
                }

                sessions[^1] = sessions[^1] with { Last = time, Count = sessions[^1].Count + 1 };
            }
        }

        return sessions;
    }

    private static List<(int, long, long, long, bool)> Run((int Key, long Time)[] events, int cut, int batch, Func<long, long> watermark)
    {
        var store = new Dictionary<(int Key, long Start), (long, long, bool)>();
        var sessions = New();
        var newest = long.MinValue / 2;
        for (var i = 0; i < events.Length; i++)
        {
            if (i == cut)
            {
                var writer = new StateWriter();
                sessions.Save(writer);
                sessions = New();
                var reader = new StateReader(writer.Written.Span);
                sessions.Restore(ref reader);
                Assert.True(reader.IsAtEnd);
            }

            newest = Math.Max(newest, events[i].Time);
            var at = new Watermark(watermark(newest));
            sessions.Update(events[i].Key, events[i].Time, at)++;
            if (i % batch == 0)
            {
                sessions.Advance(at);
                Emit(sessions, store, early: i % 2 == 0);
            }
        }

        sessions.Advance(Watermark.EndOfInput);
        Emit(sessions, store, early: true);
        Assert.Equal(0, sessions.Count);
        return [.. store.OrderBy(s => s.Key.Key).ThenBy(s => s.Key.Start).Select(s => (s.Key.Key, s.Key.Start, s.Value.Item1, s.Value.Item2, s.Value.Item3))];
    }

    // A store applies the rows of a batch first and its removals last.
    private static void Emit(SessionAggregator<int, long> sessions, Dictionary<(int, long), (long, long, bool)> store, bool early)
    {
        var removed = new List<(int, long)>();
        sessions.Emit(
            early,
            (in Session<int, long> s) => store[(s.Key, s.Start)] = (s.Last, s.Accumulator, s.IsClosed),
            (key, start) => removed.Add((key, start)));
        removed.ForEach(r => store.Remove(r));
    }
}
