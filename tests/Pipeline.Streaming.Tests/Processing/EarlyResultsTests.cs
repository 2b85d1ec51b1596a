using Microsoft.Extensions.Time.Testing;
using Pipeline.Streaming.Processing;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

/// <summary>When windows that are still open are written.</summary>
public sealed class EarlyResultsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunDue_TaskIsFarBehind_OpenWindowsAreWrittenLessOftenUntilItHasCaughtUp()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        List<TestRecord> log = [.. Enumerable.Range(0, 300).Select(i => CountingTopology.Record(i, 0, EventGen.Start + i, EventGen.Start))];
        using var task = harness.NewTask();
        await task.OpenAsync(TaskHarness.Offsets(log), Token);

        var seen = new List<long>();
        for (var from = 0; from < log.Count; from += 10)
        {
            task.Process(TestRecord.ToBatch(CountingTopology.Partition, from, log.GetRange(from, 10), log.Count));
            harness.Time.Advance(TimeSpan.FromSeconds(1));
            while (task.UntilDue() == TimeSpan.Zero)
            {
                await task.RunDueAsync(harness.CommitAsync, Token);
            }

            seen.Add(harness.Results.Windows.Values.SingleOrDefault().Count);
        }

        // After ten seconds all the same; then when no more is left than was processed since.
        Assert.Equal([0, 100, 200, 250, 280, 290, 300], seen.Distinct());
        await task.CloseAsync(harness.CommitAsync, Token);
        harness.AssertEqualsBruteForce(log);
    }

    [Fact]
    public async Task RunDue_NotTheTurnOfTheOnlyOpenWindow_WritesNothingUntilItIs()
    {
        await using var harness = await new TaskHarness().InitializeAsync();
        List<TestRecord> log = [.. Enumerable.Range(0, 2).Select(i => CountingTopology.Record(i, 0, EventGen.Start, EventGen.Start))];
        using var task = harness.NewTask(earlyEvery: 3);
        await task.OpenAsync(TaskHarness.Offsets(log), Token);
        task.Process(TestRecord.ToBatch(CountingTopology.Partition, 0, log[..1], log.Count));
        await AfterAsync(TimeSpan.FromSeconds(1));
        task.Process(TestRecord.ToBatch(CountingTopology.Partition, 1, log[1..], log.Count));
        await AfterAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, harness.Committed);
        Assert.Equal(1, CountOf());

        var writes = harness.Results.Writes;
        await AfterAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(writes, harness.Results.Writes);
        await AfterAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(writes + 1, harness.Results.Writes);
        Assert.Equal(2, CountOf());

        long CountOf() => Assert.Single(harness.Results.Windows).Value.Count;

        async Task AfterAsync(TimeSpan pause)
        {
            harness.Time.Advance(pause);
            while (task.UntilDue() == TimeSpan.Zero)
            {
                await task.RunDueAsync(harness.CommitAsync, Token);
            }
        }
    }

    [Fact]
    public void Flush_InTurn_GivesEachStepEveryNthAndOtherwiseAll()
    {
        var (often, seldom) = (new NotingStep("often", 1), new NotingStep("seldom", 3));
        var topology = Topology.From<CountingEvent>("t").WithEventTime(CountingTopology.EventTime).Then(often).Then(seldom)
            .To(new MemorySink(new MemoryResults()), _ => throw new InvalidOperationException());

        for (var turn = 0; turn < 4; turn++)
        {
            topology.Flush(early: true, inTurn: true);
            topology.Flush(early: false, inTurn: true);
        }

        topology.Flush(early: true);
        Assert.Equal([true, false, true, false, true, false, true, false, true], often.Flushes);
        Assert.Equal([true, false, false, false, false, false, true, false, true], seldom.Flushes);
    }

    [Fact]
    public void Restart_PartitionsOfOneProcess_WriteTheirOpenWindowsAtDifferentTimes()
    {
        var time = new FakeTimeProvider();
        var due = new List<TimeSpan>();
        for (var partition = 0; partition < 3; partition++)
        {
            var schedule = new EffectSchedule(partition, new StreamTaskSettings { EarlyInterval = TimeSpan.FromSeconds(1) }, time);
            schedule.Restart();
            due.Add(schedule.UntilDue(pendingRows: null, early: true, checkpoint: false)!.Value);
        }

        due.Sort();
        Assert.All(due, d => Assert.InRange(d, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1)));
        Assert.All(due.Zip(due.Skip(1)), pair => Assert.True(pair.Second - pair.First > TimeSpan.FromMilliseconds(200), $"{pair.First} and {pair.Second}"));
    }

    private sealed class NotingStep(string name, int earlyEvery) : Step<CountingEvent>(name)
    {
        public List<bool> Flushes { get; } = [];

        public override int EarlyEvery => earlyEvery;

        public override void Process(StreamBatch<CountingEvent> batch)
        {
        }

        public override void Flush(bool early) => Flushes.Add(early);
    }
}
