using System.Diagnostics;
using Pipeline.Storage;
using Pipeline.Streaming;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// How long it takes from when an event was due to be appended until its rows and the progress behind them are confirmed and so can be read, at a steady rate,
/// and how much of that each stage took.
/// </summary>
internal static class LatencyBench
{
    private static readonly int[] Percentiles = [50, 95, 99];
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(30);

    /// <summary>What is set otherwise than by default, before the settings of the command line: results are written soon.</summary>
    public static readonly string[] Settings = ["--Cassandra:EventsById=false", "--Processor:FlushInterval=00:00:00.035"];

    public static async Task<Figures> MeasureAsync(SteadyLoad load, WatchedStore store, Func<Meter, TimeSpan, (long, long), Task<Figures>> figuresOf, CancellationToken cancellationToken)
    {
        using var stages = new StageTimes();
        await ReadableAsync(load, store, stages, Warmup, cancellationToken);
        stages.Clear();
        var (meter, box, before) = (Meter.StartNew(), BoxCpu.Now(), store.Totals);
        var latencies = await ReadableAsync(load, store, stages, Length, cancellationToken);
        var figures = await figuresOf(meter, box, before);
        foreach (var percent in Percentiles)
        {
            figures[$"p{percent}_ms"] = Math.Round(latencies[Math.Min(latencies.Count - 1, latencies.Count * percent / 100)].TotalMilliseconds, 1);
        }

        stages.AddTo(figures, "append", "write", "checkpoint");
        return figures;
    }

    /// <summary>For a while, how long each append of the load took to become readable; ordered.</summary>
    private static async Task<List<TimeSpan>> ReadableAsync(SteadyLoad load, WatchedStore store, StageTimes stages, TimeSpan length, CancellationToken cancellationToken)
    {
        var latencies = new List<TimeSpan>();
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < length)
        {
            await store.WrittenAsync(cancellationToken);
            var now = Stopwatch.GetTimestamp();
            while (load.Appended.TryPeek(out var append) && append.Last.All(last => store.Confirmed.TryGetValue(last.TopicPartition, out var confirmed) && confirmed.NextOffset > last.Offset))
            {
                load.Appended.TryDequeue(out _);
                latencies.Add(Stopwatch.GetElapsedTime(append.Due, now));
                stages.Add("append", Stopwatch.GetElapsedTime(append.Due, append.Done));
            }
        }

        latencies.Sort();
        return latencies;
    }
}
