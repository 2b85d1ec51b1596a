using Pipeline.Streaming.EventTime;

namespace Pipeline.Streaming.Tests.EventTime;

public sealed class PartitionWatermarksTests
{
    private static readonly TopicPartition A = new("t", 0);
    private static readonly TopicPartition B = new("t", 1);
    private readonly PartitionWatermarks _watermarks = new(TimeSpan.FromSeconds(60));

    [Fact]
    public void Current_TwoPartitions_IsTheSlower()
    {
        _watermarks.Update(A, new Watermark(100), now: 0);
        _watermarks.Update(B, new Watermark(50), now: 0);
        Assert.Equal(new Watermark(50), _watermarks.Current(now: 1));
    }

    [Fact]
    public void Current_SlowPartitionIdle_LeavesTheMinimum()
    {
        _watermarks.Update(B, new Watermark(50), now: 0);
        _watermarks.Update(A, new Watermark(100), now: 59_000);
        Assert.Equal(new Watermark(100), _watermarks.Current(now: 60_000));
    }

    [Fact]
    public void Current_IdlePartitionWakesBehind_DoesNotGoBack()
    {
        _watermarks.Update(A, new Watermark(100), now: 0);
        Assert.Equal(new Watermark(100), _watermarks.Current(now: 1));
        _watermarks.Update(B, new Watermark(50), now: 2);
        Assert.Equal(new Watermark(100), _watermarks.Current(now: 3));
    }

    [Fact]
    public void Current_AssignedPartitionWithoutRecords_HoldsBackUntilIdle()
    {
        _watermarks.Add(A, now: 0);
        _watermarks.Update(B, new Watermark(50), now: 0);
        Assert.True(_watermarks.Current(now: 1).IsNone);
        _watermarks.Update(B, new Watermark(70), now: 60_000);
        Assert.Equal(new Watermark(70), _watermarks.Current(now: 60_000));
    }

    [Fact]
    public void Current_AllIdle_StaysWhereItWas()
    {
        _watermarks.Update(A, new Watermark(100), now: 0);
        Assert.Equal(new Watermark(100), _watermarks.Current(now: 1));
        Assert.Equal(new Watermark(100), _watermarks.Current(now: 3_600_000));
    }
}
