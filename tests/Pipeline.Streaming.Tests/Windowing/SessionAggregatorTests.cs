using CsCheck;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Streaming.Tests.Windowing;

public sealed class SessionAggregatorTests
{
    private const long Gap = 10;
    private const long Latest = 25;
    private readonly SessionAggregator<int, long> _sessions = New();
    private readonly Dictionary<(int Key, long Start), (long Last, long Count, bool IsClosed)> _store = [];

    [Fact]
    public void Update_RecordBridgesTwoSessions_MergesThem()
    {
        Add(1, 0);
        Add(1, 20);
        Emit(early: true);
        Assert.Equal([(1, 0L), (1, 20L)], _store.Keys);
        Add(1, 10);
        Emit(early: true);
        Assert.Equal((20, 3, false), Assert.Single(_store).Value);
        Assert.True(_store.ContainsKey((1, 0)));
    }

    [Fact]
    public void Update_EarlierRecord_MovesTheStartAndRemovesTheOldOne()
    {
        Add(1, 20);
        Emit(early: true);
        Add(1, 15);
        Emit(early: true);
        Assert.Equal((1, 15L), Assert.Single(_store).Key);
    }

    [Fact]
    public void Update_SilenceLongerThanTheGap_BeginsAnotherSession()
    {
        Add(1, 0);
        Add(1, 11);
        Emit(early: true);
        Assert.Equal(2, _store.Count);
    }

    [Fact]
    public void Emit_OpenSession_WaitsForTheWatermarkUnlessEarly()
    {
        Add(1, 0);
        _sessions.Advance(new Watermark(Gap));
        Emit(early: false);
        Assert.Empty(_store);
        _sessions.Advance(new Watermark(Gap + 1));
        Emit(early: false);
        Assert.Equal((0, 1, true), _store[(1, 0)]);
    }

    [Fact]
    public void Emit_LateRecordReopens_EmitsAgain()
    {
        Add(1, 0);
        _sessions.Advance(new Watermark(Gap + 1));
        Emit(early: false);
        Add(1, 9);
        Emit(early: true);
        Assert.Equal((9, 2, false), _store[(1, 0)]);
    }

    [Theory]
    [InlineData(Gap, false)]
    [InlineData(Gap + 1, true)]
    public void Update_AfterTheSessionWasClosed_IsMarkedAsLate(long watermark, bool expected)
    {
        Add(1, 0);
        Add(1, 9, watermark);
        Add(1, 12, watermark);
        var isLate = false;
        _sessions.Emit(early: true, (in Session<int, long> s) => isLate = s.IsLateUpdate, (_, _) => { });
        Assert.Equal(expected, isLate);
    }

    [Fact]
    public void Update_LateRecordBridgesTwoSessions_TheMergedOneIsMarked()
    {
        Add(1, 0);
        Add(1, 20);
        Add(1, 10, Gap + 1);
        var isLate = false;
        _sessions.Emit(early: true, (in Session<int, long> s) => isLate = s.IsLateUpdate, (_, _) => { });
        Assert.True(isLate);
    }

    [Fact]
    public void Emit_NoRecordCanComeAnyMore_DiscardsTheSession()
    {
        Add(1, 0);
        _sessions.Advance(new Watermark(Gap + Latest));
        Emit(early: false);
        Assert.Equal(0, _sessions.Count);
    }

    [Fact]
    public void Sessions_AnyPermutationSplitAndRestart_EqualTheDefinition()
        => Gen.Select(Gen.Select(Gen.Int[0, 3], Gen.Long[0, 200]).Array[0, 60], Gen.Int[0, 1_000_000], Gen.Int[0, 60]).Sample((events, seed, cut) =>
        {
            var expected = Definition(events);
            var shuffled = events.ToArray();
            new Random(seed).Shuffle(shuffled);
            Assert.Equal(expected, Run(shuffled, cut));
        });

    private static SessionAggregator<int, long> New() => new(SessionWindows.WithGap(TimeSpan.FromMilliseconds(Gap)), Latest, Merge);

    private static void Merge(ref long into, in long from) => into += from;

    /// <summary>Sorted times, cut where the silence is longer than the gap.</summary>
    private static List<(int, long, long, long, bool)> Definition((int Key, long Time)[] events)
    {
        var sessions = new List<(int Key, long Start, long Last, long Count, bool)>();
        foreach (var (key, time) in events.OrderBy(e => e.Key).ThenBy(e => e.Time))
        {
            if (sessions.Count > 0 && sessions[^1].Key == key && time - sessions[^1].Last <= Gap)
            {
                sessions[^1] = sessions[^1] with { Last = time, Count = sessions[^1].Count + 1 };
            }
            else
            {
                sessions.Add((key, time, time, 1, true));
            }
        }

        return sessions;
    }

    private static List<(int, long, long, long, bool)> Run((int Key, long Time)[] events, int cut)
    {
        var store = new Dictionary<(int Key, long Start), (long, long, bool)>();
        var sessions = New();
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

            sessions.Update(events[i].Key, events[i].Time, Watermark.None)++;
            if (i % 4 == 0)
            {
                Emit(sessions, store, early: i % 8 == 0);
            }
        }

        sessions.Advance(Watermark.EndOfInput);
        Emit(sessions, store, early: true);
        Assert.Equal(0, sessions.Count);
        return [.. store.OrderBy(s => s.Key.Key).ThenBy(s => s.Key.Start).Select(s => (s.Key.Key, s.Key.Start, s.Value.Item1, s.Value.Item2, s.Value.Item3))];
    }

    private static void Emit(SessionAggregator<int, long> sessions, Dictionary<(int, long), (long, long, bool)> store, bool early)
        => sessions.Emit(
            early,
            (in Session<int, long> s) => store[(s.Key, s.Start)] = (s.Last, s.Accumulator, s.IsClosed),
            (key, start) => store.Remove((key, start)));

    private void Add(int key, long time, long watermark = long.MinValue) => _sessions.Update(key, time, new Watermark(watermark))++;

    private void Emit(bool early) => Emit(_sessions, _store, early);
}
