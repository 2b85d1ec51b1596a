using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Sqlite;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;

namespace Pipeline.Benchmarks.RecordLog;

/// <summary>Appends to and reads from a real log file, and prints one JSON object a line.</summary>
internal static class LogThroughput
{
    private const string Topic = "bench";

    public static async Task AppendAsync(LogThroughputOptions options)
    {
        using var temporary = TemporaryDirectory.For(options.Directory);
        options = options with { Directory = temporary.Path };
        await using var log = Open(options);
        await log.CreateTopicsAsync([new TopicSpec(Topic, options.Partitions, null)], CancellationToken.None);

        var others = Enumerable.Range(1, options.Processes - 1).Select(_ => RunOtherAsync("log-append", options)).ToList();
        var own = await MeasureAsync("log-append", async () =>
        {
            var counts = await Task.WhenAll(Enumerable.Range(0, options.Writers).Select(w => Task.Run(() => AppendForAsync(log, options, w))));
            return counts.Sum();
        });
        Print(own, await Task.WhenAll(others));
    }

    public static async Task ReadAsync(LogThroughputOptions options)
    {
        using var temporary = TemporaryDirectory.For(options.Directory);
        options = options with { Directory = temporary.Path };
        await using var log = Open(options);
        await log.CreateTopicsAsync([new TopicSpec(Topic, options.Partitions, null)], CancellationToken.None);
        if (options.Processes > 0)
        {
            await Task.WhenAll(Enumerable.Range(0, options.Writers).Select(w => Task.Run(() => AppendForAsync(log, options, w))));
        }

        var total = (await log.DescribeAsync(CancellationToken.None)).Sum(p => p.HighWatermark - p.Start);
        var others = Enumerable.Range(1, Math.Max(0, options.Processes - 1)).Select(_ => RunOtherAsync("log-read", options with { Processes = 0 })).ToList();
        var own = await MeasureAsync("log-read", async () =>
        {
            await using var reader = log.CreateReader($"g{Guid.NewGuid():N}");
            await reader.SubscribeAsync([Topic], new EveryPartition(), CancellationToken.None);
            var count = 0L;
            while (count < total && await reader.ReadAsync(TimeSpan.FromSeconds(10), CancellationToken.None) is { } batch)
            {
                count += batch.Count;
                batch.Dispose();
            }

            return count;
        });
        Print(own, await Task.WhenAll(others));
    }

    private static async Task<long> AppendForAsync(SqliteRecordLog log, LogThroughputOptions options, int seed)
    {
        await using var writer = log.CreateWriter();
        using var records = new RecordBatchBuilder();
        var random = new Random(seed);
        var value = new byte[Math.Max(0, options.RecordBytes - 36)];
        random.NextBytes(value);
        for (var i = 0; i < options.Batch; i++)
        {
            var key = Encoding.ASCII.GetBytes(new Guid(random.Next(), 0, 0, 1, 2, 3, 4, 5, 6, 7, 8).ToString());
            records.Add(key, value, i);
        }

        var started = Stopwatch.GetTimestamp();
        var count = 0L;
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < options.Seconds)
        {
            count += (await writer.AppendAsync(Topic, records, CancellationToken.None)).Count;
        }

        return count;
    }

    private static async Task<Result> MeasureAsync(string name, Func<Task<long>> work)
    {
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes();
        var started = Stopwatch.GetTimestamp();
        var events = await work();
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        process.Refresh();
        return new Result(
            name,
            events,
            events / elapsed,
            (process.TotalProcessorTime - cpu).TotalMicroseconds / Math.Max(1, events),
            process.PeakWorkingSet64 / 1048576.0,
            (GC.GetTotalAllocatedBytes() - allocated) / (double)Math.Max(1, events));
    }

    private static async Task<Result> RunOtherAsync(string command, LogThroughputOptions options)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        foreach (var argument in options.ToArguments().Prepend(command))
        {
            start.ArgumentList.Add(argument);
        }

        if (options.Processes == 0)
        {
            start.ArgumentList[start.ArgumentList.IndexOf("--processes") + 1] = "0";
        }

        using var process = Process.Start(start)!;
        var lines = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return JsonSerializer.Deserialize<Result>(lines.Trim().Split('\n')[^1], JsonSerializerOptions.Web)!;
    }

    private static void Print(Result own, Result[] others)
    {
        var all = others.Prepend(own).ToList();
        var events = all.Sum(r => r.Events);
        var sum = new Result(
            own.Name, events, all.Sum(r => r.EventsPerSecond), all.Sum(r => r.CpuUsPerEvent * r.Events) / Math.Max(1, events), all.Max(r => r.PeakRssMb), all.Average(r => r.BytesPerEvent));
        Console.Out.WriteLine(JsonSerializer.Serialize(sum, JsonSerializerOptions.Web));
    }

    private static SqliteRecordLog Open(LogThroughputOptions options) => new(
        new DataDirectory(new DataDirectoryOptions { Directory = options.Directory!, Durable = options.Durable }), new RecordLogOptions(), TimeProvider.System);

    internal sealed record Result(string Name, long Events, double EventsPerSecond, double CpuUsPerEvent, double PeakRssMb, double BytesPerEvent);

    private sealed class EveryPartition : IAssignmentListener
    {
        public ValueTask<IReadOnlyCollection<Position>> OnAssignedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
            => ValueTask.FromResult<IReadOnlyCollection<Position>>([]);

        public ValueTask OnRevokedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask OnLostAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    private sealed class TemporaryDirectory(string path, bool delete) : IDisposable
    {
        public string Path { get; } = path;

        public static TemporaryDirectory For(string? given)
            => new(given ?? System.IO.Path.Combine(System.IO.Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"pipeline-bench-{Guid.NewGuid():N}")), given is null);

        public void Dispose()
        {
            if (delete)
            {
                Directory.Delete(Path, recursive: true);
            }
        }
    }
}
