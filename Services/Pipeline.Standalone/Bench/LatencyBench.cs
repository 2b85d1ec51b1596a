using System.Diagnostics;
using Pipeline.Streaming;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// How long it takes at a steady rate from when an event was due to be appended until its rows are confirmed and so can be read, and how much of that each stage took.
/// </summary>
internal static class LatencyBench
{
    /// <summary>Newest records of each partition that are processed first, so that what compiles code is not a live load.</summary>
    public const int Backlog = 20_000;

    private static readonly int[] Percentiles = [50, 95, 99];

    // Under the load itself: a server that has just been started compiles its code for so long, and what it does for a live load a backlog does not make it compile.
    private static readonly TimeSpan Warmup = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(60);

    /// <summary>What is set otherwise than by default, before the settings of the command line: results are written soon.</summary>
    public static readonly string[] Settings = ["--Cassandra:EventsById=false", "--Processor:FlushInterval=00:00:00.025"];

    public static async Task<Figures> MeasureAsync(SteadyLoad load, WatchedStore store, Func<Meter, TimeSpan, (long, long), Task<Figures>> figuresOf, CancellationToken cancellationToken)
    {
        using var stages = new StageTimes();
        await ConfirmedAsync(load, store, Stopwatch.GetTimestamp() + Ticks(Warmup), cancellationToken);
        stages.Clear();
        store.Readable.Clear();
        var (meter, box, before) = (Meter.StartNew(), BoxCpu.Now(), store.Totals);
        var appends = await ConfirmedAsync(load, store, Stopwatch.GetTimestamp() + Ticks(Length), cancellationToken);
        var figures = await figuresOf(meter, box, before);
        AddPercentiles(figures, "", EventsReadable([.. appends.Select(a => (a.Due, a.Last))], [.. store.Readable]));
        AddPercentiles(figures, "confirmed_", [.. appends.Select(a => (Stopwatch.GetElapsedTime(a.Due, a.Confirmed), 1L))]);
        foreach (var (due, done, _, _) in appends)
        {
            stages.Add("append", Stopwatch.GetElapsedTime(due, done));
        }

        stages.AddTo(figures, "append", "write", "checkpoint");
        return figures;
    }

    /// <summary>
    /// How long events took to become readable, and how many took so long: those of an append that came into the same partition together, of which the last one counts.
    /// </summary>
    /// <param name="appends">When each was due (stopwatch ticks), and its last record in each partition.</param>
    /// <param name="readable">When the rows of all records before a position were confirmed (stopwatch ticks).</param>
    internal static List<(TimeSpan Latency, long Events)> EventsReadable(
        IReadOnlyList<(long Due, IReadOnlyList<Position> Last)> appends, IReadOnlyList<(Position Next, long At)> readable)
    {
        var latencies = new List<(TimeSpan, long)>();
        var writes = readable.ToLookup(r => r.Next.TopicPartition);
        foreach (var partition in appends.SelectMany(a => a.Last.Select(last => (a.Due, last.TopicPartition, last.Offset))).ToLookup(a => a.TopicPartition))
        {
            using var write = writes[partition.Key].OrderBy(w => w.Next.Offset).GetEnumerator();
            var (next, at, previous) = (-1L, 0L, -1L);
            foreach (var (due, _, last) in partition.OrderBy(a => a.Offset))
            {
                while (next <= last && write.MoveNext())
                {
                    (next, at) = (write.Current.Next.Offset, write.Current.At);
                }

                // The first append only says where the second one begins.
                if (next > last && previous >= 0)
                {
                    latencies.Add((Stopwatch.GetElapsedTime(due, at), last - previous));
                }

                previous = last;
            }
        }

        return latencies;
    }

    /// <summary>The smallest latency that so many percent of the events did not exceed.</summary>
    internal static TimeSpan Percentile(IReadOnlyCollection<(TimeSpan Latency, long Events)> latencies, int percent)
    {
        var rank = latencies.Sum(l => l.Events) * percent / 100;
        foreach (var (latency, events) in latencies.OrderBy(l => l.Latency))
        {
            if ((rank -= events) < 0)
            {
                return latency;
            }
        }

        return TimeSpan.Zero;
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private static void AddPercentiles(Figures figures, string prefix, List<(TimeSpan, long)> latencies)
    {
        foreach (var percent in Percentiles)
        {
            figures[$"{prefix}p{percent}_ms"] = Math.Round(Percentile(latencies, percent).TotalMilliseconds, 1);
        }
    }

    /// <summary>Waits for every append that is due until then: when it was confirmed by the log, and when the results and the progress of all its records were (stopwatch ticks).</summary>
    private static async Task<List<(long Due, long Done, IReadOnlyList<Position> Last, long Confirmed)>> ConfirmedAsync(
        SteadyLoad load, WatchedStore store, long until, CancellationToken cancellationToken)
    {
        var appends = new List<(long, long, IReadOnlyList<Position>, long)>();
        while (true)
        {
            await store.WrittenAsync(cancellationToken);
            var now = Stopwatch.GetTimestamp();
            while (load.Appended.TryPeek(out var append) && append.Last.All(last => store.Confirmed.TryGetValue(last.TopicPartition, out var confirmed) && confirmed.NextOffset > last.Offset))
            {
                if (append.Due >= until)
                {
                    return appends;
                }

                load.Appended.TryDequeue(out _);
                appends.Add((append.Due, append.Done, append.Last, now));
            }
        }
    }
}
