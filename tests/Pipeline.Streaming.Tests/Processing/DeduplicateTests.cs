using CsCheck;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.Processing.Steps;
using Pipeline.Streaming.State;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

public sealed class DeduplicateTests
{
    private const long Horizon = 60_000;
    private const long Longest = Horizon * 5 / 3;

    [Fact]
    public void Process_AnyIdsJumpsAndRestarts_RemembersForTheHorizonAndNotMuchLonger()
        => Gen.Select(Gen.Int[0, 30], Gen.OneOf(Gen.Long[0, 3_000], Gen.Long[0, 200_000]), Gen.Int[0, 30]).Array[1, 300].Sample(events =>
        {
            var step = NewStep(maxIds: 100_000);
            var arrivals = new Dictionary<int, long>();
            var watermark = 1_700_000_000_000;
            foreach (var (id, progress, restart) in events)
            {
                watermark += progress;
                if (restart == 0)
                {
                    step = Restarted(step);
                }

                var isDuplicate = IsDuplicate(step, id, watermark);
                var age = arrivals.TryGetValue(id, out var arrived) ? watermark - arrived : long.MaxValue;
                Assert.True(!isDuplicate || age <= Longest, $"id {id} is still known after {age} ms");
                Assert.True(isDuplicate || age >= Horizon, $"id {id} is forgotten after {age} ms");
                if (!isDuplicate)
                {
                    arrivals[id] = watermark;
                }
            }
        });

    [Fact]
    public void Process_NoWatermarkYet_RemembersTheIdsUntilAHorizonAfterTheFirst()
    {
        var step = NewStep(maxIds: 50);
        for (var id = 1; id <= 15; id++)
        {
            Assert.False(IsDuplicate(step, id, long.MinValue));
        }

        Assert.True(IsDuplicate(step, 3, long.MinValue));
        Assert.True(IsDuplicate(step, 3, 1_700_000_000_000));
        Assert.True(IsDuplicate(step, 14, 1_700_000_000_000 + Horizon - 1));
        Assert.False(IsDuplicate(step, 3, 1_700_000_000_000 + Longest));
    }

    [Fact]
    public void Process_MoreIdsThanTheBound_KeepsTheNewestAndNoMore()
    {
        const int Bound = 10_000;
        var step = NewStep(Bound);
        for (var id = 1; id <= 20 * Bound; id++)
        {
            Assert.False(IsDuplicate(step, id, 1_700_000_000_000));
            Assert.InRange(step.StateEntries, 1, Bound);
        }

        // Four of the five parts of the bound are there at any time.
        Assert.All(Enumerable.Range(0, Bound * 3 / 5), i => Assert.True(IsDuplicate(step, (20 * Bound) - i, 1_700_000_000_000)));
    }

    [Fact]
    public void Process_SteadyStream_TakesThirteenBytesAnIdAtMost()
    {
        const int PerSecond = 2_000;
        var step = NewStep(maxIds: 4_000_000);
        var most = 0L;
        for (var id = 1; id <= PerSecond * 300; id++)
        {
            IsDuplicate(step, id, 1_700_000_000_000 + (id * 1000L / PerSecond));
            most = Math.Max(most, step.StateBytes);
        }

        Assert.InRange(most, 1, PerSecond * Longest / 1000 * 13);
    }

    [Theory]
    [InlineData("ids over 60000 ms, at most 100000", true)]
    [InlineData("ids over 60000 ms, at most 50000 each", true)]
    [InlineData("ids over 30000 ms, at most 100000", false)]
    [InlineData("fingerprints of ids over 30000 ms, at most 100000", false)]
    public void Supersedes_DefinitionOfAnOlderVersion_OnlyWithTheSameSettings(string definition, bool expected)
        => Assert.Equal(expected, NewStep(maxIds: 100_000).Supersedes(definition));

    private static Deduplicate<CountingEvent> NewStep(int maxIds)
        => new((in CountingEvent e) => CountingTopology.IdOf(e.Id), TimeSpan.FromMilliseconds(Horizon), maxIds);

    private static Deduplicate<CountingEvent> Restarted(Deduplicate<CountingEvent> step)
    {
        var writer = new StateWriter();
        step.Save(writer);
        var restored = NewStep(maxIds: 100_000);
        var reader = new StateReader(writer.Written.Span);
        restored.Restore(ref reader);
        Assert.True(reader.IsAtEnd);
        Assert.Equal(step.StateEntries, restored.StateEntries);
        return restored;
    }

    private static bool IsDuplicate(Deduplicate<CountingEvent> step, int id, long watermark)
    {
        var batch = new StreamBatch<CountingEvent>();
        batch.Load(Record);
        batch.Events[0] = new CountingEvent { Id = id };
        batch.Watermarks[0] = watermark;
        step.Process(batch);
        return batch.Statuses[0].Outcome == Outcome.Duplicate;
    }

    private static RecordBatch Record { get; } = TestRecord.ToBatch(CountingTopology.Partition, 0, [new TestRecord("")]);
}
