using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.State;
using Pipeline.Streaming.Tests.Processing;

namespace Pipeline.Streaming.Tests.State;

/// <summary>The bytes of a checkpoint: what was written comes back, and nothing else is taken for it.</summary>
public sealed class CheckpointTests
{
    private static readonly TaskProgress Progress = new(4711, new Watermark(1_770_000_000_000), 1_770_000_005_000, new RecordCounters(5, 1, 1, 1, 2));

    [Fact]
    public void Read_WhatWasWritten_GivesEverythingBack()
    {
        var checkpoint = Checkpoint.Read(Written());

        Assert.Equal(CountingTopology.Partition, checkpoint.TopicPartition);
        Assert.Equal((9, 4711, 42), (checkpoint.Sequence, checkpoint.NextOffset, checkpoint.CreatedAt));
        Assert.Equal(Progress.Watermark, checkpoint.Watermark);
        Assert.Equal(Progress.Counters, checkpoint.Counters);
        Assert.Null(checkpoint.Restore(CountingTopology.Create(new MemorySink(new MemoryResults()))));
    }

    [Fact]
    public void Read_AnyByteChanged_IsRefused()
    {
        var written = Written().ToArray();
        for (var at = 0; at < written.Length; at++)
        {
            var damaged = written.ToArray();
            damaged[at] ^= (byte)(1 << (at % 8));
            Assert.Throws<StateRestoreException>(() => Checkpoint.Read(damaged));
        }
    }

    [Fact]
    public void Read_CutOffAnywhere_IsRefused()
    {
        var written = Written();
        for (var length = 0; length < written.Length; length++)
        {
            var cut = written[..length];
            Assert.Throws<StateRestoreException>(() => Checkpoint.Read(cut));
        }
    }

    private static ReadOnlyMemory<byte> Written()
    {
        var writer = new StateWriter();
        Checkpoint.Write(writer, CountingTopology.Partition, 9, Progress, 42, CountingTopology.Create(new MemorySink(new MemoryResults())));
        return writer.Written;
    }
}
