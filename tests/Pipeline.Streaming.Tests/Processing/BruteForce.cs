using Pipeline.Streaming.Processing;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

/// <summary>The counting topology's results by their definition, without windows, watermark objects or state of the engine.</summary>
internal sealed class BruteForce
{
    private const long Minute = 60_000;

    public SortedDictionary<long, Outcome> Records { get; } = [];

    public SortedDictionary<(long Start, int Key), WindowValue> Windows { get; } = [];

    public RecordCounters Counters { get; private set; }

    public static BruteForce Of(IReadOnlyList<TestRecord> log)
    {
        var result = new BruteForce();
        var outOfOrderness = (long)CountingTopology.EventTime.MaxOutOfOrderness.TotalMilliseconds;
        var lateness = (long)CountingTopology.EventTime.AllowedLateness.TotalMilliseconds;
        var skew = (long)CountingTopology.EventTime.MaxFutureSkew.TotalMilliseconds;
        var newest = long.MinValue;
        var seen = new HashSet<int>();
        var stored = new List<(long Time, int Key, long Watermark)>();
        for (var offset = 0; offset < log.Count; offset++)
        {
            if (!CountingTopology.TryDecode(log[offset].Value, out var e, out var time))
            {
                result.Records[offset] = Outcome.DeadLettered;
                continue;
            }

            if (time - log[offset].Timestamp <= skew)
            {
                newest = Math.Max(newest, time);
            }

            var watermark = newest == long.MinValue ? long.MinValue : newest - outOfOrderness;
            var closesAt = StartOf(time) + Minute + lateness;
            if (!seen.Add(e.Id))
            {
                result.Records[offset] = Outcome.Duplicate;
            }
            else if (closesAt <= watermark)
            {
                result.Records[offset] = Outcome.Late;
            }
            else
            {
                result.Records[offset] = Outcome.Stored;
                stored.Add((time, e.Key, watermark));
            }
        }

        var end = newest == long.MinValue ? long.MinValue : newest - outOfOrderness;
        foreach (var window in stored.GroupBy(s => StartOf(s.Time)))
        {
            var isFinal = end >= window.Key + Minute;
            var isLate = window.Any(s => s.Watermark >= window.Key + Minute);
            foreach (var group in window.GroupBy(s => s.Key))
            {
                result.Windows[(window.Key, group.Key)] = new WindowValue(group.Count(), isFinal, isLate);
            }
        }

        result.Counters = new RecordCounters(
            log.Count, CountOf(Outcome.Stored), CountOf(Outcome.DeadLettered), CountOf(Outcome.Late), CountOf(Outcome.Duplicate));
        return result;

        long CountOf(Outcome outcome) => result.Records.Values.Count(o => o == outcome);
    }

    private static long StartOf(long time) => (long)Math.Floor(time / (double)Minute) * Minute;
}
