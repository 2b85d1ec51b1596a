using CsCheck;
using Pipeline.Streaming.Processing;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

public sealed class TopologyTests
{
    [Fact]
    public void Topology_AnyOrderWithinTheAllowedDisorder_GivesTheSameWindows()
        => Gen.Select(Gen.Select(Gen.Int[0, 3], Gen.Long[0, 600_000]).List[0, 120], Gen.Int[0, 1_000_000], Gen.Int[1, 50]).Sample((events, seed, batchSize) =>
        {
            var inOrder = events.OrderBy(e => e.Item2).Select((e, i) => (Id: i, Key: e.Item1, Time: EventGen.Start + e.Item2)).ToList();

            // Nobody overtakes by more than the out-of-orderness: each is delayed by at most that.
            var random = new Random(seed);
            var disordered = inOrder.Select(e => (Event: e, Arrival: e.Time + random.Next((int)CountingTopology.EventTime.MaxOutOfOrderness.TotalMilliseconds)))
                .OrderBy(e => e.Arrival).Select(e => e.Event).ToList();
            Assert.Equal(WindowsOf(inOrder, batchSize: 1), WindowsOf(disordered, batchSize));
        });

    [Fact]
    public void Topology_AnyBatchSize_DecidesTheSameOutcomes() => Gen.Select(EventGen.Log, Gen.Int[1, 100]).Sample((log, batchSize) =>
    {
        using var driver = NewDriver(new MemoryResults());
        driver.PipeAll(log, batchSize);
        Assert.Equal(BruteForce.Of(log).Records.Values, driver.Outcomes);
    });

    [Fact]
    public void Topology_AsText_IsThePlanFromTopToBottom()
    {
        var text = CountingTopology.Create(new MemorySink(new MemoryResults())).Snapshot().ToString();
        Assert.Equal(
            """
            source t
              → decode
              → event-time [out-of-orderness 20000 ms, future skew 300000 ms, allowed lateness 40000 ms]
              → deduplicate [fingerprints of ids over 300000 ms, at most 4000000]
              → lateness
              → count [tumbling 60000 ms]
            sink memory
            """.ReplaceLineEndings(),
            text.ReplaceLineEndings());
    }

    [Fact]
    public void Topology_AsDot_ShowsWhatWentThroughEachStep()
    {
        using var driver = NewDriver(new MemoryResults());
        driver.Pipe(CountingTopology.Poison(EventGen.Start), CountingTopology.Record(1, 1, EventGen.Start, EventGen.Start));
        var dot = driver.Topology.Snapshot().ToDot();
        Assert.Contains("\"t\" -> \"decode\" [label=\"2\"]", dot, StringComparison.Ordinal);
        Assert.Contains("\"decode\" -> \"event-time\" [label=\"1\"]", dot, StringComparison.Ordinal);
        Assert.Contains("\"count\" -> \"memory\" [label=\"1\"]", dot, StringComparison.Ordinal);
    }

    [Fact]
    public void Topology_TwoStepsOfOneName_IsRefused()
        => Assert.Throws<ArgumentException>(() => Topology.From<CountingEvent>("t")
            .WithEventTime(CountingTopology.EventTime)
            .Then(new Pipeline.Streaming.Processing.Steps.AssignWatermarks<CountingEvent>(CountingTopology.EventTime)));

    private static TopologyTestDriver<CountingEvent> NewDriver(MemoryResults results)
        => new(CountingTopology.Create(new MemorySink(results)), CountingTopology.Partition);

    private static List<KeyValuePair<(long, int), WindowValue>> WindowsOf(List<(int Id, int Key, long Time)> events, int batchSize)
    {
        var results = new MemoryResults();
        var sink = new MemorySink(results);
        using var driver = new TopologyTestDriver<CountingEvent>(CountingTopology.Create(sink), CountingTopology.Partition);
        driver.PipeAll([.. events.Select(e => CountingTopology.Record(e.Id, e.Key, e.Time, e.Time))], batchSize);
        Assert.All(driver.Outcomes, o => Assert.Equal(Outcome.Stored, o));
        driver.Topology.EndOfInput();
        driver.Topology.Flush(early: true);
        sink.Write(default);
        return [.. results.Windows];
    }
}
