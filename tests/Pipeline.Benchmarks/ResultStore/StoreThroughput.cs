using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Sqlite;
using Pipeline.Storage;
using Pipeline.Storage.Sqlite;

namespace Pipeline.Benchmarks.ResultStore;

/// <summary>
/// Writes events of several partitions in turn, as a processor does, then asks what a user asks. Prints one JSON object a line.
/// Processor time is of the writes alone; making the rows is not counted.
/// </summary>
/// <remarks>Settings: <c>--events 1000000 --batch 2000 --partitions 3 --durable true --directory PATH</c>.</remarks>
internal static class StoreThroughput
{
    private const string Topic = "users_topic";
    private const int ValueBytes = 560;
    private const int EventsPerMillisecond = 100;
    private const long Start = 1_772_323_200_000;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly string[] Nationalities = ["AU", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IN", "IR", "MX", "NL", "NO", "NZ", "RS", "TR", "UA", "US"];
    private static readonly string[] AgeBands = ["0-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65+"];

    public static async Task RunAsync(IReadOnlyList<string> args)
    {
        var given = args.Chunk(2).ToDictionary(pair => pair[0].TrimStart('-'), pair => pair[1], StringComparer.OrdinalIgnoreCase);
        var events = int.Parse(given.GetValueOrDefault("events", "1000000"), CultureInfo.InvariantCulture);
        var size = int.Parse(given.GetValueOrDefault("batch", "2000"), CultureInfo.InvariantCulture);
        var partitions = int.Parse(given.GetValueOrDefault("partitions", "3"), CultureInfo.InvariantCulture);
        var durable = bool.Parse(given.GetValueOrDefault("durable", "true"));
        var isTemporary = !given.TryGetValue("directory", out var directory);
        directory ??= Path.Combine(Path.GetTempPath(), $"pipeline-bench-{Guid.NewGuid():N}");
        try
        {
            await using var store = new SqliteResultStore(
                new DataDirectory(new DataDirectoryOptions { Directory = directory, Durable = durable }),
                Microsoft.Extensions.Options.Options.Create(new StorageOptions()),
                TimeProvider.System,
                NullLogger<SqliteResultStore>.Instance);
            var random = new Random(7);
            var users = Enumerable.Range(0, 100_000).Select(_ => RandomId(random, null)).ToArray();
            await WriteAsync(store, events, size, partitions, users, random);
            await AskAsync(store, users, random);
        }
        finally
        {
            if (isTemporary)
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static async Task WriteAsync(SqliteResultStore store, int events, int size, int partitions, Guid[] users, Random random)
    {
        var values = new byte[ValueBytes * size];
        random.NextBytes(values);
        var batches = Enumerable.Range(0, partitions)
            .Select(p => new ResultBatch { Progress = new PartitionProgress { Topic = Topic, Partition = p, Epoch = 1, NextOffset = 0 } })
            .ToArray();
        var (cpu, wall, longest, allocated) = (TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, 0L);
        for (var written = 0; written < events; written += size)
        {
            var partition = written / size % partitions;
            var batch = batches[partition];
            Fill(batch, written / size / partitions * size, partition, size, partitions, values, users, random);
            var (cpuBefore, allocatedBefore, started) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp());
            await store.WriteAsync(batch, CancellationToken.None);
            var took = Stopwatch.GetElapsedTime(started);
            wall += took;
            longest = took > longest ? took : longest;
            cpu += Environment.CpuUsage.TotalTime - cpuBefore;
            allocated += GC.GetTotalAllocatedBytes() - allocatedBefore;
        }

        Print(new
        {
            Name = "store-write",
            Events = events,
            EventsPerSecond = events / wall.TotalSeconds,
            CpuUsPerEvent = cpu.TotalMicroseconds / events,
            LongestMs = longest.TotalMilliseconds,
            BytesAllocatedPerEvent = (double)allocated / events,
            PeakRssMb = PeakRssMb(),
        });
    }

    internal static void Fill(ResultBatch batch, int offset, int partition, int size, int partitions, byte[] values, Guid[] users, Random random)
    {
        batch.Clear();
        for (var i = 0; i < size; i++)
        {
            var time = Start + ((long)(offset + i) * partitions / EventsPerMillisecond);
            var nationality = Nationalities[random.Next(Nationalities.Length)];
            batch.Events.Add(new EventRow(
                RandomId(random, time),
                users[random.Next(users.Length)],
                "profile",
                time,
                time + 40,
                Topic,
                partition,
                offset + i,
                nationality,
                nationality,
                "Europe",
                random.Next(2) == 0 ? "female" : "male",
                AgeBands[random.Next(AgeBands.Length)],
                0,
                values.AsMemory(i * ValueBytes, ValueBytes)));
        }

        foreach (var nationality in Nationalities)
        {
            batch.Windows.Add(new WindowRow(
                "events", "nationality", nationality, "minute", batch.Events[0].EventTime / 60_000 * 60_000, Topic, partition, new Aggregate(offset, 1, 1, 1, 1), true, false, default));
        }

        batch.Progress = batch.Progress with { NextOffset = offset + size, Consumed = offset + size, Stored = offset + size };
    }

    private static async Task AskAsync(SqliteResultStore store, Guid[] users, Random random)
    {
        var newest = await store.QueryEventsAsync(new EventQuery { Limit = 1000 }, CancellationToken.None);
        var span = newest.Items[0].EventTime - Start;
        await MeasureAsync("events-newest", () => store.QueryEventsAsync(new EventQuery(), CancellationToken.None));
        await MeasureAsync("events-range", () => store.QueryEventsAsync(new EventQuery { To = Start + random.NextInt64(span) }, CancellationToken.None));
        await MeasureAsync("events-of-user", () => store.QueryEventsAsync(new EventQuery { UserId = users[random.Next(users.Length)] }, CancellationToken.None));
        await MeasureAsync("event-by-id", () => store.GetEventAsync(newest.Items[random.Next(newest.Items.Count)].EventId, CancellationToken.None));
        await MeasureAsync("windows", () => store.QueryWindowsAsync(new WindowQuery { Dimension = "nationality", Limit = 1000 }, CancellationToken.None));
    }

    private static async Task MeasureAsync<T>(string query, Func<ValueTask<T>> ask)
    {
        var times = new List<double>();
        for (var i = 0; i < 300; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await ask();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        times.Sort();
        Print(new { Name = "store-query", Query = query, P50Ms = times[150], P99Ms = times[297], MaxMs = times[299] });
    }

    internal static Guid RandomId(Random random, long? time)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        if (time is { } ms)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes, (ms << 16) | 0x8000L | (long)random.Next(0x1000));
        }

        return new Guid(bytes, bigEndian: true);
    }

    private static double PeakRssMb()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1048576.0;
    }

    private static void Print(object line) => Console.Out.WriteLine(JsonSerializer.Serialize(line, Json));
}
