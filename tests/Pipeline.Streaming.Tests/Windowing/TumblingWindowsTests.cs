using CsCheck;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Windowing;

namespace Pipeline.Streaming.Tests.Windowing;

public sealed class TumblingWindowsTests
{
    [Fact]
    public void WindowOf_AnyTime_ContainsItAndIsAligned() => Gen.Long[-10_000_000_000, 10_000_000_000].Sample(time =>
    {
        var window = TumblingWindows.OfMinutes.WindowOf(time);
        Assert.True(window.Contains(time));
        Assert.Equal(0, window.Start % 60_000);
        Assert.Equal(60_000, window.Length);
    });

    [Theory]
    [InlineData(59_999, Lateness.OnTime)]
    [InlineData(60_000, Lateness.Late)]
    [InlineData(119_999, Lateness.Late)]
    [InlineData(120_000, Lateness.TooLate)]
    public void Classify_WindowOfTheFirstMinute_HasThreeTiers(long watermark, Lateness expected)
        => Assert.Equal(expected, AllowedLateness.Of(TimeSpan.FromMinutes(1)).Classify(60_000, new Watermark(watermark)));
}
