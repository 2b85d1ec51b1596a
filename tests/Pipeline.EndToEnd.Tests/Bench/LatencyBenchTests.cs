using System.Diagnostics;
using Pipeline.Standalone.Bench;
using Pipeline.Streaming;

namespace Pipeline.EndToEnd.Tests.Bench;

public sealed class LatencyBenchTests
{
    private static readonly TopicPartition One = new("t", 1);
    private static readonly TopicPartition Two = new("t", 2);

    [Fact]
    public void EventsReadable_WritesOfTwoPartitions_CountsEachEventUntilTheWriteThatHasIt()
    {
        (long, IReadOnlyList<Position>)[] appends =
        [
            (At(0), [new Position(One, 9), new Position(Two, 4)]),
            (At(10), [new Position(One, 19), new Position(Two, 7)]),
            (At(20), [new Position(One, 21)]),
            (At(30), [new Position(One, 30), new Position(Two, 9)]),
        ];
        (Position, long)[] writes =
        [
            (new Position(Two, 8), At(60)), (new Position(One, 10), At(15)), (new Position(One, 22), At(45)), (new Position(One, 31), At(90)),
        ];

        var latencies = LatencyBench.EventsReadable(appends, writes);

        // The first append of each partition only says where the second one begins; the last one of the second partition was not written.
        Assert.Equal([(25, 2), (35, 10), (50, 3), (60, 9)], latencies.Select(l => ((int)Math.Round(l.Latency.TotalMilliseconds), (int)l.Events)).Order());
    }

    [Theory]
    [InlineData(50, 1)]
    [InlineData(95, 2)]
    [InlineData(99, 3)]
    public void Percentile_LatenciesOfManyEvents_CountsEvents(int percent, int expected)
        => Assert.Equal(TimeSpan.FromSeconds(expected), LatencyBench.Percentile([(TimeSpan.FromSeconds(3), 20), (TimeSpan.FromSeconds(1), 900), (TimeSpan.FromSeconds(2), 80)], percent));

    private static long At(int milliseconds) => milliseconds * Stopwatch.Frequency / 1000;
}
