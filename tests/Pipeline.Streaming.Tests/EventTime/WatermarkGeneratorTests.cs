using CsCheck;
using Pipeline.Streaming.EventTime;

namespace Pipeline.Streaming.Tests.EventTime;

public sealed class WatermarkGeneratorTests
{
    private static WatermarkGenerator New() => new(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5));

    [Fact]
    public void Current_BeforeFirstRecord_IsNone() => Assert.True(New().Current.IsNone);

    [Fact]
    public void Observe_NewestRecord_TrailsByOutOfOrderness()
    {
        var generator = New();
        generator.Observe(100_000, 100_000);
        Assert.Equal(new Watermark(95_000), generator.Current);
    }

    [Fact]
    public void Observe_RecordFromTheFuture_MovesNothing()
    {
        var generator = New();
        generator.Observe(100_000, 100_000);
        Assert.False(generator.Observe(100_000 + 300_001, 100_000));
        Assert.Equal(new Watermark(95_000), generator.Current);
    }

    [Fact]
    public void Observe_RecordAtTheLimitOfTheFuture_Moves()
    {
        var generator = New();
        Assert.True(generator.Observe(400_000, 100_000));
        Assert.Equal(new Watermark(395_000), generator.Current);
    }

    [Fact]
    public void Current_AnyOrderOfRecords_NeverGoesBack() => Gen.Long[0, 1_000_000].Array.Sample(times =>
    {
        var generator = New();
        var before = generator.Current;
        foreach (var time in times)
        {
            generator.Observe(time, time);
            Assert.True(generator.Current >= before);
            before = generator.Current;
        }
    });
}
