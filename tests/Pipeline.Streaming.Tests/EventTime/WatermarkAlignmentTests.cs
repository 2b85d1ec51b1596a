using CsCheck;
using Pipeline.Streaming.EventTime;

namespace Pipeline.Streaming.Tests.EventTime;

public sealed class WatermarkAlignmentTests
{
    private const long Drift = 1_000;
    private const long Idle = 60_000;
    private static readonly TopicPartition Slow = new("t", 0);
    private static readonly TopicPartition Fast = new("t", 1);
    private static readonly TopicPartition Other = new("u", 0);
    private readonly WatermarkAlignment _alignment = new(TimeSpan.FromMilliseconds(Drift), TimeSpan.FromMilliseconds(Idle));

    [Theory]
    [InlineData(Drift, false)]
    [InlineData(Drift + 1, true)]
    public void IsAhead_FurtherThanTheDrift_IsHeld(long ahead, bool expected)
    {
        _alignment.Update(Slow, new Watermark(0), hasInput: true, now: 0);
        _alignment.Update(Fast, new Watermark(ahead), hasInput: true, now: 0);
        Assert.Equal(expected, _alignment.IsAhead(Fast, now: 0));
        Assert.False(_alignment.IsAhead(Slow, now: 0));
    }

    [Fact]
    public void IsAhead_SlowPartitionHasNothingLeft_IsNotWaitedFor()
    {
        _alignment.Update(Slow, new Watermark(0), hasInput: false, now: 0);
        _alignment.Update(Fast, new Watermark(9_999), hasInput: true, now: 0);
        Assert.False(_alignment.IsAhead(Fast, now: 0));
    }

    [Fact]
    public void IsAhead_SlowPartitionOfAnotherTopic_IsNotWaitedFor()
    {
        _alignment.Update(Other, new Watermark(0), hasInput: true, now: 0);
        _alignment.Update(Fast, new Watermark(9_999), hasInput: true, now: 0);
        Assert.False(_alignment.IsAhead(Fast, now: 0));
    }

    [Fact]
    public void IsAhead_SlowPartitionsWatermarkStandsStill_IsWaitedForOnlyUntilTheIdleTimeout()
    {
        _alignment.Update(Slow, Watermark.None, hasInput: true, now: 0);
        _alignment.Update(Fast, new Watermark(9_999), hasInput: true, now: 0);
        _alignment.Update(Slow, Watermark.None, hasInput: true, now: Idle - 1);
        Assert.True(_alignment.IsAhead(Fast, now: Idle - 1));
        Assert.False(_alignment.IsAhead(Fast, now: Idle));
    }

    [Fact]
    public void IsAhead_SlowPartitionRevoked_IsNotWaitedFor()
    {
        _alignment.Update(Slow, new Watermark(0), hasInput: true, now: 0);
        _alignment.Update(Fast, new Watermark(9_999), hasInput: true, now: 0);
        _alignment.Remove(Slow);
        Assert.False(_alignment.IsAhead(Fast, now: 0));
    }

    // Partitions move only while nobody holds them: whatever their speeds, pauses and record counts, all come to their ends.
    [Fact]
    public void IsAhead_AnySpeeds_NeverStopsEverything()
        => Gen.Select(Gen.Select(Gen.Long[0, 3_000], Gen.Int[0, 40]).Array[1, 6], Gen.Int).Sample((partitions, seed) =>
        {
            var random = new Random(seed);
            var alignment = new WatermarkAlignment(TimeSpan.FromMilliseconds(Drift), TimeSpan.FromMilliseconds(Idle));
            var left = partitions.Select(p => p.Item2).ToArray();
            var watermarks = partitions.Select(_ => long.MinValue).ToArray();
            var largestLead = 0L;
            for (var now = 0L; left.Any(l => l > 0); now += 100)
            {
                Assert.True(now < 1_000_000, "It stands still.");
                for (var i = 0; i < left.Length; i++)
                {
                    alignment.Update(new TopicPartition("t", i), new Watermark(watermarks[i]), left[i] > 0, now);
                }

                for (var i = 0; i < left.Length; i++)
                {
                    if (left[i] > 0 && random.Next(4) > 0 && !alignment.IsAhead(new TopicPartition("t", i), now))
                    {
                        left[i]--;
                        watermarks[i] = Math.Max(0, watermarks[i]) + partitions[i].Item1;
                        var slowest = Enumerable.Range(0, left.Length).Where(j => left[j] > 0 && watermarks[j] >= 0).Select(j => watermarks[j]).DefaultIfEmpty(long.MaxValue).Min();
                        largestLead = Math.Max(largestLead, watermarks[i] - slowest);
                    }
                }
            }

            if (partitions.All(p => p.Item1 > 0))
            {
                // One step beyond the drift, which is when it is noticed, and one of the slowest, which may be gone by then.
                Assert.InRange(largestLead, 0, Drift + 3_000);
            }
        });
}
