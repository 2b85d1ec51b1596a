using CsCheck;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Streaming.Tests.Windowing;

public sealed class HoppingWindowsTests
{
    private const long Advance = 10;
    private const long Disorder = 15;
    private const long Lateness = 20;

    private static readonly Gen<(int Key, long Time)[]> Events = Gen.Select(Gen.Int[0, 3], Gen.Long[-50, 300]).Array[0, 60];

    [Theory]
    [InlineData(5, 10)]
    [InlineData(25, 10)]
    [InlineData(10, 0)]
    public void Of_SizeIsNoMultipleOfTheAdvance_IsRefused(int size, int advance)
        => Assert.ThrowsAny<ArgumentException>(() => HoppingWindows.Of(TimeSpan.FromMilliseconds(size), TimeSpan.FromMilliseconds(advance)));

    [Fact]
    public void Aggregator_WindowsOfAnotherAdvance_AreRefused()
        => Assert.Throws<ArgumentException>(() => New(Windows(1), HoppingWindows.Of(TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(20))));

    // Every event in every window that covers it, unless its first window was closed for good when it came; windows are final when the watermark
    // has passed them, and late when an event came after that. Batches end and restarts come at random places.
    [Fact]
    public void Emit_AnyEventsBatchesAndRestarts_EqualsTheDefinition()
        => Gen.Select(Events, Gen.Int[1, 5], Gen.Int[1, 12], Gen.Int[0, 60]).Sample((events, overlap, batch, cut) =>
        {
            HoppingWindows[] windowings = overlap == 1 ? [Windows(1)] : [Windows(1), Windows(overlap)];
            var actual = Run(windowings, events, batch, cut);
            foreach (var windowing in windowings)
            {
                Assert.Equal(Definition(windowing, events), actual.Where(w => w.Key.Size == windowing.Size).ToDictionary(w => w.Key, w => w.Value));
            }
        });

    [Fact]
    public void Emit_AnyPermutationWithinTheAllowedDisorder_EmitsTheSame()
        => Gen.Select(Events, Gen.Int[2, 5], Gen.Int).Sample((events, overlap, seed) =>
        {
            var inOrder = events.OrderBy(e => e.Time).ToArray();
            var random = new Random(seed);
            var disordered = inOrder.OrderBy(e => e.Time + random.NextInt64(Disorder)).ToArray();
            Assert.Equal(Run([Windows(overlap)], inOrder, 5, -1), Run([Windows(overlap)], disordered, 7, 20));
        });

    [Fact]
    public void Visit_OpenWindows_ShowsThemWithoutEmittingAnything()
    {
        var aggregator = New(Windows(3));
        aggregator.Update(5, Watermark.None)![1]++;
        List<(long, long, bool)> seen = [];
        aggregator.Visit(Windows(3), w => seen.Add((w.Window.Start, w.Content[1], w.IsFinal)));
        Assert.Equal([(-20, 1, false), (-10, 1, false), (0, 1, false)], seen);
        var emitted = 0;
        aggregator.Emit(early: true, _ => emitted++);
        Assert.Equal(0, emitted);
        aggregator.Advance(new Watermark(20));
        aggregator.Emit(early: false, _ => emitted++);
        Assert.Equal(2, emitted);
    }

    [Fact]
    public void Update_AnyOverlap_TouchesOnePane()
    {
        var aggregator = New(Windows(1), Windows(100));
        for (var time = 0; time < 10; time++)
        {
            aggregator.Update(time, Watermark.None)![1]++;
        }

        Assert.Equal(1, aggregator.Panes);
        Assert.Equal(1, aggregator.Entries);
    }

    private static HoppingWindows Windows(int overlap) => HoppingWindows.Of(TimeSpan.FromMilliseconds(overlap * Advance), TimeSpan.FromMilliseconds(Advance));

    private static WindowAggregator<KeyedAggregates<int, long>> New(params HoppingWindows[] windowings)
        => new(windowings, new AllowedLateness(Lateness), () => new((ref long into, in long from) => into += from));

    private static Dictionary<(long Size, long Start, int Key), (long Count, bool IsFinal, bool IsLate)> Definition(HoppingWindows windows, (int Key, long Time)[] events)
    {
        var groups = new Dictionary<(long, long Start, int), (long, bool, bool)>();
        var newest = long.MinValue / 2;
        foreach (var (key, time) in events)
        {
            newest = Math.Max(newest, time);
            var watermark = newest - Disorder;
            if (((long)Math.Floor(time / (double)Advance) * Advance) + Advance + Lateness <= watermark)
            {
                continue;
            }

            for (var start = -10_000L; start <= time; start += Advance)
            {
                if (time < start + windows.Size)
                {
                    var (count, _, isLate) = groups.GetValueOrDefault((windows.Size, start, key));
                    groups[(windows.Size, start, key)] = (count + 1, true, isLate || watermark >= start + windows.Size);
                }
            }
        }

        // A window is late as a whole.
        return groups.ToDictionary(
            g => g.Key,
            g => (g.Value.Item1, true, groups.Any(other => other.Key.Start == g.Key.Start && other.Value.Item3)));
    }

    private static Dictionary<(long Size, long Start, int Key), (long Count, bool IsFinal, bool IsLate)> Run(
        HoppingWindows[] windowings, (int Key, long Time)[] events, int batch, int cut)
    {
        var rows = new Dictionary<(long, long, int), (long, bool, bool)>();
        var aggregator = New(windowings);
        var newest = long.MinValue / 2;
        for (var i = 0; i < events.Length; i++)
        {
            if (i == cut)
            {
                var writer = new StateWriter();
                aggregator.Save(writer);
                aggregator = New(windowings);
                var reader = new StateReader(writer.Written.Span);
                aggregator.Restore(ref reader);
                Assert.True(reader.IsAtEnd);
            }

            newest = Math.Max(newest, events[i].Time);
            if (aggregator.Update(events[i].Time, new Watermark(newest - Disorder)) is { } content)
            {
                content[events[i].Key]++;
            }

            if (i % batch == 0)
            {
                aggregator.Advance(new Watermark(newest - Disorder));
                aggregator.Emit(early: i % 2 == 0, Keep);
            }
        }

        aggregator.Advance(Watermark.EndOfInput);
        aggregator.Emit(early: false, Keep);
        Assert.Equal(0, aggregator.Panes);
        return rows;

        void Keep(EmittedWindow<KeyedAggregates<int, long>> window)
        {
            for (var k = 0; k < window.Content.Keys.Length; k++)
            {
                rows[(window.Windowing.Size, window.Window.Start, window.Content.Keys[k])] = (window.Content.Values[k], window.IsFinal, window.IsLateUpdate);
            }
        }
    }
}
