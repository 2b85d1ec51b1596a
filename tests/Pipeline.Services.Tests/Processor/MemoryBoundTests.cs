using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Processor.Steps;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.Windowing;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Processor;

/// <summary>What the state of the processor's topology holds, in entries, when its input is not as one would like it.</summary>
public sealed class MemoryBoundTests
{
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;
    private const long Year2099 = 4_070_908_800_000;
    private static readonly TopicPartition Partition = new(Topics.Activity, 0);

    private readonly Topology<PipelineEvent> _topology;
    private readonly StreamBatch<PipelineEvent> _batch = new();
    private int _number;

    public MemoryBoundTests()
    {
        var rules = new QualityRules(ContractModel.Embedded);

        // Nothing is written, so nobody asks for the store.
        _topology = ProcessorTopology.Create(Partition.Topic, rules, new ProcessorOptions(), new ResultSink(Partition, null!, rules, TimeProvider.System, "test"));
    }

    [Fact]
    public void Sessions_100000Open_AreOneEntryEachAndGoWhenTheyAreOver()
    {
        const int Users = 100_000;
        for (var round = 0; round < 3; round++)
        {
            Process(Enumerable.Range(0, Users).Select(user => (user, ProcessorHost.Noon + (round * 10 * Minute) + (user / 10), 0L)));
        }

        Assert.Equal(Users, Entries("sessions"));

        // Two hours later all are closed, and nothing may change them any more.
        Process([(0, ProcessorHost.Noon + (2 * Hour), 0)]);
        Process([(0, ProcessorHost.Noon + (3 * Hour), 0)]);
        Assert.Equal(1, Entries("sessions"));
    }

    [Fact]
    public void Partition_IdleForHours_HoldsWhatItHeldAndWantsNothing()
    {
        Process(Enumerable.Range(0, 5_000).Select(i => (i % 100, ProcessorHost.Noon + (i * 100L), 0L)));
        _topology.Flush(early: true);
        _topology.Sink.Clear();
        var before = AllEntries();
        for (var second = 0; second < 4 * 3600; second++)
        {
            Assert.False(_topology.HasUnflushed);
            _topology.Flush(early: true);
        }

        Assert.Equal(before, AllEntries());
        Assert.Equal(0, _topology.Sink.PendingRows);
    }

    [Fact]
    public void Records_SpreadOver2099_FillWindowsAndSessionsUpToTheirBoundsAndLeaveTheOthersAlone()
    {
        const int Records = 30_000;
        const int MaxPanes = 10_000;
        const int MaxSessionsPerUser = 10_000;
        Process([(1, ProcessorHost.Noon, 0)]);
        var ofOne = _topology.Steps.ToDictionary(s => s.Name, s => s.StateEntries);
        for (var i = 0; i < Records; i += 100)
        {
            Process(Enumerable.Range(i, 100).Select(n => (2, Year2099 + (n * Hour), Year2099 + (n * Hour) - ProcessorHost.Noon)));
        }

        Process([(1, ProcessorHost.Noon + 1, 0)]);

        foreach (var step in _topology.Steps.OfType<Metrics>())
        {
            Assert.InRange(step.StateEntries, 1, MaxPanes * ofOne[step.Name]);
            Assert.Equal(Records + 1 - MaxPanes, step.Refused);
        }

        Assert.Equal(1 + MaxSessionsPerUser, Entries("sessions"));
        Assert.Equal(Records - MaxSessionsPerUser, _topology.Steps.Single(s => s.Name == "sessions").Refused);
        Assert.Equal(Records + 2, Entries("deduplicate"));
        Assert.Equal(ProcessorHost.Noon + 1, _topology.MaxEventTime);
    }

    [Fact]
    public void Sessions_MoreThanTheBound_AreRefusedAndTheOthersGoOn()
    {
        var sessions = new SessionAggregator<int, int>(SessionWindows.WithGap(TimeSpan.FromMinutes(30)), 2 * Minute, (ref int into, in int from) => into += from, maxSessions: 1_000);
        for (var i = 0; i < 50_000; i++)
        {
            sessions.Update(i, Year2099 + (i * Hour), default)++;
            sessions.Update(0, Year2099, default)++;
        }

        Assert.Equal(1_000, sessions.Count);
        Assert.Equal(49_000, sessions.Refused);
        var first = 0;
        sessions.Visit(0, (in Session<int, int> session) => first = session.Accumulator);
        Assert.Equal(50_001, first);
        sessions.Visit(2_000, (in Session<int, int> _) => Assert.Fail("a refused key is there"));
    }

    [Fact]
    public void Clock_JumpsBackAndForth_OpensNoMoreQualityWindowsThanItsDisorder()
    {
        var random = new Random(1);
        Process(Enumerable.Range(0, 20_000).Select(i => (i % 10, ProcessorHost.Noon + (i * 10L), (long)random.Next(-86_400_000, 0))));

        // Append times of a whole day: all but those within five minutes of the newest count in the oldest window still open.
        Assert.InRange(Entries("quality-results"), 1, 100);
        Assert.InRange(AllEntries(), 1, 30_000);
    }

    private long Entries(string step) => _topology.Steps.Single(s => s.Name == step).StateEntries;

    private long AllEntries() => _topology.Steps.Sum(s => s.StateEntries);

    /// <param name="events">User, event time, and how much earlier the record was appended.</param>
    private void Process(IEnumerable<(int User, long Time, long AppendedBefore)> events)
    {
        foreach (var chunk in events.Chunk(1_000))
        {
            using var records = TestRecord.ToBatch(
                Partition, _number, [.. chunk.Select(e => new TestRecord(ProcessorHost.Activity(++_number, e.User, e.Time), e.Time - e.AppendedBefore))]);
            _batch.Load(records);
            _topology.Process(_batch);
            _topology.Flush(early: false);
            _topology.Sink.Clear();
        }
    }
}
