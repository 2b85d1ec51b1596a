using CsCheck;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.Processing;

/// <summary>Logs as they come: rising times with disorder, duplicates, poison, stragglers that are too late, and dates in the far future.</summary>
internal static class EventGen
{
    public const long Start = 1_700_000_040_000;

    private static readonly Gen<(int Id, int Key, int Step, int Disorder, int Kind)> Event =
        Gen.Select(Gen.Int[0, 400], Gen.Int[0, 4], Gen.Int[0, 9_000], Gen.Int[0, 30_000], Gen.Int[0, 99]);

    public static readonly Gen<List<TestRecord>> Log = Event.List[0, 250].Select(ToLog);

    private static List<TestRecord> ToLog(List<(int Id, int Key, int Step, int Disorder, int Kind)> events)
    {
        var log = new List<TestRecord>();
        var originals = new List<TestRecord>();
        var clock = Start;
        var next = 1000;
        foreach (var (id, key, step, disorder, kind) in events)
        {
            clock += step;

            // Repeats follow soon: an id is remembered for a horizon after its first arrival, not for ever.
            if (kind is >= 12 and < 30 && originals.Count > 0)
            {
                log.Add(originals[^(1 + (id % Math.Min(12, originals.Count)))] with { Timestamp = clock });
                continue;
            }

            var original = kind switch
            {
                < 4 => CountingTopology.Poison(clock),
                < 10 => CountingTopology.Record(next++, key, clock - 180_000, clock),
                < 12 => CountingTopology.Record(next++, key, clock + 3_000_000_000, clock),
                _ => CountingTopology.Record(next++, key, clock - disorder, clock),
            };
            originals.Add(original);
            log.Add(original);
        }

        return log;
    }
}
