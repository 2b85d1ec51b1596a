using System.Globalization;
using System.Text;
using Pipeline.Sqlite;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// The durable log alone, by two processes at once: each appends half of the events from four tasks, or each reads all of them. The second
/// process says when it is ready, so that its start is not counted; the clock runs until both are done.
/// </summary>
internal static class LogBench
{
    private const string Topic = "bench";
    private const int Partitions = 3;
    private const int RecordBytes = 560;
    private const int RecordsPerAppend = 1_000;
    private const int Writers = 4;
    private const string Ready = "ready";
    private const int Processes = 2;

    public static Task<Figures> AppendAsync(BenchSettings bench, CancellationToken cancellationToken) => RunAsync(
        "log-append",
        bench,
        fill: false,
        log => AppendAsync(log, bench.Events / Processes, cancellationToken),
        cancellationToken);

    public static Task<Figures> ReadAsync(BenchSettings bench, CancellationToken cancellationToken) => RunAsync(
        "log-read",
        bench,
        fill: true,
        log => ReadAllAsync(log, cancellationToken),
        cancellationToken);

    private static async Task<Figures> RunAsync(string name, BenchSettings bench, bool fill, Func<SqliteRecordLog, Task<long>> work, CancellationToken cancellationToken)
    {
        if (bench.Member is { } shared)
        {
            await using var member = Open(shared);
            await Console.Out.WriteLineAsync(Ready);
            Console.In.ReadLine();
            var meter = Meter.StartNew();
            return meter.Figures(name, await MeterAsync(meter, work(member)));
        }

        using var directory = new BenchDirectory();
        await using var log = Open(directory.FullPath);
        await log.CreateTopicsAsync([new TopicSpec(Topic, Partitions, null)], cancellationToken);
        if (fill)
        {
            await AppendAsync(log, bench.Events, cancellationToken);
        }

        using var other = BenchProcess.Start(
            "bench", name, "--events", bench.Events.ToString(CultureInfo.InvariantCulture), "--member-of", directory.FullPath, "--json");
        if (await other.StandardOutput.ReadLineAsync(cancellationToken) != Ready)
        {
            throw new InvalidOperationException($"The second process did not get ready: {await other.StandardError.ReadToEndAsync(cancellationToken)}");
        }

        var own = Meter.StartNew();
        await other.StandardInput.WriteLineAsync();
        var ownEvents = await MeterAsync(own, work(log));
        var others = await BenchProcess.FiguresOfAsync(other, cancellationToken);
        return Sum(name, own, ownEvents, others);
    }

    private static async Task<long> MeterAsync(Meter meter, Task<long> work)
    {
        var events = await work;
        meter.Stop();
        return events;
    }

    private static Figures Sum(string name, Meter own, long ownEvents, Figures others)
    {
        var figures = own.Figures(name, ownEvents);
        var otherEvents = Number(others["events"]);
        var events = ownEvents + otherEvents;
        var seconds = Math.Max(own.Elapsed.TotalSeconds, Number(others["seconds"]));
        figures["events"] = events;
        figures["seconds"] = Math.Round(seconds, 3);
        figures["events_per_second"] = Math.Round(events / seconds);
        figures["cpu_us_per_event"] = Math.Round((own.Cpu.TotalMicroseconds + (Number(others["cpu_us_per_event"]) * otherEvents)) / events, 3);
        figures["peak_rss_mb"] = Math.Max(Meter.PeakRssMb(), Number(others["peak_rss_mb"]));
        figures["processes"] = Processes;
        return figures;
    }

    private static async Task<long> AppendAsync(SqliteRecordLog log, int events, CancellationToken cancellationToken)
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(() => AppendAsync(log, events / Writers, w, cancellationToken), cancellationToken)));
        return counts.Sum();
    }

    private static async Task<long> AppendAsync(SqliteRecordLog log, int events, int seed, CancellationToken cancellationToken)
    {
        await using var writer = log.CreateWriter();
        using var records = new RecordBatchBuilder();
        var random = new Random(seed);
        var value = new byte[RecordBytes - Guid.Empty.ToString().Length];
        random.NextBytes(value);
        for (var i = 0; i < RecordsPerAppend; i++)
        {
            records.Add(Encoding.ASCII.GetBytes(new Guid(random.Next(), 0, 0, 1, 2, 3, 4, 5, 6, 7, 8).ToString()), value, i);
        }

        var count = 0L;
        while (count < events)
        {
            count += (await writer.AppendAsync(Topic, records, cancellationToken)).Count;
        }

        return count;
    }

    private static async Task<long> ReadAllAsync(SqliteRecordLog log, CancellationToken cancellationToken)
    {
        var total = (await log.DescribeAsync(cancellationToken)).Sum(p => p.HighWatermark - p.Start);
        await using var reader = log.CreateReader($"g{Environment.ProcessId}");
        await reader.SubscribeAsync([Topic], new EveryPartition(), cancellationToken);
        var count = 0L;
        while (count < total && await reader.ReadAsync(TimeSpan.FromSeconds(10), cancellationToken) is { } batch)
        {
            count += batch.Count;
            batch.Dispose();
        }

        return count;
    }

    private static double Number(object figure) => double.Parse(figure.ToString()!, CultureInfo.InvariantCulture);

    private static SqliteRecordLog Open(string directory)
        => new(new DataDirectory(new DataDirectoryOptions { Directory = directory, Durable = true }), new RecordLogOptions(), TimeProvider.System);

    private sealed class EveryPartition : IAssignmentListener
    {
        public ValueTask<IReadOnlyCollection<Position>> OnAssignedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
            => ValueTask.FromResult<IReadOnlyCollection<Position>>([]);

        public ValueTask OnRevokedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask OnLostAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
