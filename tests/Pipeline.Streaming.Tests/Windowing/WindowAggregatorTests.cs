using CsCheck;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Streaming.Tests.Windowing;

public sealed class WindowAggregatorTests
{
    private const long Minute = 60_000;
    private readonly WindowAggregator<KeyedAggregates<int, long>> _windows = New();
    private readonly List<(long Start, long Count, bool IsFinal, bool IsLate)> _emitted = [];

    [Fact]
    public void Emit_OpenWindow_WaitsForTheWatermark()
    {
        Add(10, watermark: 0);
        Emit();
        Assert.Empty(_emitted);
        Advance(Minute);
        Emit();
        Assert.Equal([(0, 1, true, false)], _emitted);
    }

    [Fact]
    public void Emit_Early_EmitsOpenWindowOnceAsNotFinal()
    {
        Add(10, watermark: 0);
        Emit(early: true);
        Emit(early: true);
        Assert.Equal([(0, 1, false, false)], _emitted);
    }

    [Fact]
    public void Emit_AfterEarlyEmission_StillEmitsFinal()
    {
        Add(10, watermark: 0);
        Emit(early: true);
        Advance(Minute);
        Emit();
        Assert.Equal([(0, 1, false, false), (0, 1, true, false)], _emitted);
    }

    [Fact]
    public void Emit_LateUpdate_EmitsAgainMarked()
    {
        Add(10, watermark: 0);
        Advance(Minute);
        Emit();
        Add(20, watermark: Minute);
        Emit();
        Assert.Equal([(0, 1, true, false), (0, 2, true, true)], _emitted);
    }

    [Fact]
    public void Emit_LatenessOver_DiscardsTheWindow()
    {
        Add(10, watermark: 0);
        Advance(2 * Minute);
        Emit();
        Assert.Equal(0, _windows.Panes);
    }

    [Fact]
    public void Update_TooManyWindows_RefusesAndCounts()
    {
        var windows = New(maxPanes: 2);
        Assert.NotNull(windows.Update(0, Watermark.None));
        Assert.NotNull(windows.Update(Minute, Watermark.None));
        Assert.Null(windows.Update(2 * Minute, Watermark.None));
        Assert.Equal(1, windows.Refused);
    }

    // A record far in the future moves no watermark, so nothing would ever discard what it left behind but this bound.
    [Fact]
    public void Update_RecordsSpreadOverCenturies_KeepsBoundedPanesAndTakesTheOthers()
    {
        var windows = New();
        for (var i = 0; i < 10_000; i++)
        {
            windows.Update(i * 86_400_000L, Watermark.None);
            Assert.InRange(windows.Panes, 1, 100);
        }

        Assert.Equal(9_900, windows.Refused);
        Assert.NotNull(windows.Update(10, Watermark.None));
    }

    [Fact]
    public void StartIncomplete_WindowBeforeCoverage_IsNeverEmitted()
    {
        _windows.StartIncomplete(Minute);
        Add(10, watermark: 0);
        Add(Minute + 10, watermark: 0);
        Advance(3 * Minute);
        Emit();
        Assert.Equal([(Minute, 1, true, false)], _emitted);
    }

    [Fact]
    public void Restore_AnyPointOfTheInput_EmitsTheSame()
        => Gen.Select(Gen.Int[0, 5 * (int)Minute].Array[0, 40], Gen.Int[0, 40]).Sample((times, cut) =>
        {
            var whole = Run(times, cut: -1);
            Assert.Equal(whole, Run(times, Math.Min(cut, times.Length)));
        });

    private static WindowAggregator<KeyedAggregates<int, long>> New(int maxPanes = 100) => new(TumblingWindows.OfMinutes, new AllowedLateness(Minute), NewContent, maxPanes);

    private static KeyedAggregates<int, long> NewContent() => new((ref long into, in long from) => into += from);

    private static List<(long, long, bool)> Run(int[] times, int cut)
    {
        var windows = New();
        var last = new Dictionary<long, (long, bool)>();
        var watermark = 0L;
        for (var i = 0; i < times.Length; i++)
        {
            if (i == cut)
            {
                var writer = new StateWriter();
                windows.Save(writer);
                windows = New();
                var reader = new StateReader(writer.Written.Span);
                windows.Restore(ref reader);
                Assert.True(reader.IsAtEnd);
            }

            watermark = Math.Max(watermark, times[i] - 5_000);
            if (new AllowedLateness(Minute).IsClosed(TumblingWindows.OfMinutes.WindowOf(times[i]).End, new Watermark(watermark)))
            {
                continue;
            }

            windows.Update(times[i], new Watermark(watermark))![1]++;
            windows.Advance(new Watermark(watermark));
            if (i % 3 == 0)
            {
                windows.Emit(early: false, pane => last[pane.Window.Start] = (pane.Content.Values[0], pane.IsFinal));
            }
        }

        windows.Advance(Watermark.EndOfInput);
        windows.Emit(early: true, pane => last[pane.Window.Start] = (pane.Content.Values[0], pane.IsFinal));
        return [.. last.OrderBy(l => l.Key).Select(l => (l.Key, l.Value.Item1, l.Value.Item2))];
    }

    private void Add(long time, long watermark)
    {
        _windows.Update(time, new Watermark(watermark))![1]++;
        Advance(watermark);
    }

    private void Advance(long watermark) => _windows.Advance(new Watermark(watermark));

    private void Emit(bool early = false)
        => _windows.Emit(early, pane => _emitted.Add((pane.Window.Start, pane.Content.Values[0], pane.IsFinal, pane.IsLateUpdate)));
}
