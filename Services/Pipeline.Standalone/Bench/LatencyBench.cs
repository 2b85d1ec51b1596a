using System.Diagnostics;
using Pipeline.Storage;
using Pipeline.Streaming;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// How long it takes from when an event was due to be appended until its rows can be read (progress is written behind them), at a steady rate,
/// and how much of that each stage took.
/// </summary>
internal static class LatencyBench
{
    private static readonly int[] Percentiles = [50, 95, 99];
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(30);

    /// <summary>What is set otherwise than by default, before the settings of the command line: results are written soon.</summary>
    public static readonly string[] Settings = ["--Cassandra:EventsById=false", "--Processor:FlushInterval=00:00:00.025"];

    public static async Task<Figures> MeasureAsync(SteadyLoad load, IResultStore store, Func<Meter, TimeSpan, IReadOnlyList<PartitionProgress>, Task<Figures>> figuresOf, CancellationToken cancellationToken)
    {
        using var stages = new StageTimes();
        await ReadableAsync(load, store, stages, Warmup, cancellationToken);
        stages.Clear();
        var (meter, box, before) = (Meter.StartNew(), BoxCpu.Now(), await store.GetProgressAsync(cancellationToken));
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
    private static async Task<List<TimeSpan>> ReadableAsync(SteadyLoad load, IResultStore store, StageTimes stages, TimeSpan length, CancellationToken cancellationToken)
    {
        var latencies = new List<TimeSpan>();
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < length)
        {
            // Asked at fixed intervals, short enough to measure, the questions would be as many requests to the store as the writes are.
            await stages.WrittenAsync(cancellationToken);
            var progress = (await store.GetProgressAsync(cancellationToken)).ToDictionary(p => new TopicPartition(p.Topic, p.Partition), p => p.NextOffset);
            var now = Stopwatch.GetTimestamp();
            while (load.Appended.TryPeek(out var append) && append.Last.All(last => progress.GetValueOrDefault(last.TopicPartition) > last.Offset))
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
