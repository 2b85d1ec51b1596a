using CsCheck;
using Pipeline.Storage.Cassandra.Checkpoints;
using Pipeline.Streaming.State;

namespace Pipeline.Storage.Tests.Cassandra;

public sealed class CheckpointSeriesTests
{
    [Fact]
    public void Saved_AnyContents_KeepsTheLastThreeWholeAndNothingElse()
        => Gen.Select(Gen.Int[0, 6].Array[0, 5].Array[1, 30], Gen.Bool.Array[30]).Sample((checkpoints, removalFails) =>
        {
            var old = new CheckpointEntry(1, 0, [new ChunkName(Guid.NewGuid(), 0)]);
            var series = new CheckpointSeries(first: 2, [old]);
            var there = new HashSet<ChunkName>(old.Chunks);
            var entries = new SortedDictionary<long, CheckpointEntry> { [1] = old };
            for (var i = 0; i < checkpoints.Length; i++)
            {
                var (name, written) = (Guid.NewGuid(), 0);
                var chunks = new List<ChunkName>();
                foreach (var content in checkpoints[i])
                {
                    if (!series.TryFind((UInt128)content, out var chunk))
                    {
                        series.Add((UInt128)content, chunk = new ChunkName(name, written++));
                        there.Add(chunk);
                    }

                    chunks.Add(chunk);
                }

                var entry = new CheckpointEntry(i + 2, 0, chunks);
                entries[entry.Sequence] = entry;
                series.Saved(entry);
                if (removalFails[i])
                {
                    // What is not needed any more is not found, so that nobody names it while its removal is in doubt.
                    Assert.DoesNotContain(Enumerable.Range(0, 7), c => series.TryFind((UInt128)c, out var found) && series.Unneeded.Chunks.Contains(found));
                    continue;
                }

                there.ExceptWith(series.Unneeded.Chunks);
                foreach (var sequence in series.Unneeded.Sequences)
                {
                    entries.Remove(sequence);
                }

                series.Removed();
                Assert.Equal(entries.Keys.Reverse().Take(CheckpointRetention.Kept).Order(), entries.Keys);
                Assert.Equal(entries.Values.SelectMany(e => e.Chunks).ToHashSet(), there);
            }
        });

    [Fact]
    public void Saved_NewerOnesOfSomebodyElse_AreLeftAlone()
    {
        var newer = new CheckpointEntry(7, 0, [new ChunkName(Guid.NewGuid(), 0)]);
        var series = new CheckpointSeries(first: 5, [newer]);
        for (var sequence = 5; sequence <= 9; sequence++)
        {
            var chunk = new ChunkName(Guid.NewGuid(), 0);
            series.Add((UInt128)sequence, chunk);
            series.Saved(new CheckpointEntry(sequence, 0, [chunk]));
        }

        Assert.Equal([5, 6], series.Unneeded.Sequences);
        Assert.DoesNotContain(newer.Chunks[0], series.Unneeded.Chunks);
        Assert.Equal(2, series.Unneeded.Chunks.Count);
    }
}
