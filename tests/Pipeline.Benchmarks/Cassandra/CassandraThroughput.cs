using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cassandra;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Benchmarks.ResultStore;
using Pipeline.Storage;
using Pipeline.Storage.Cassandra;
using Pipeline.Storage.Cassandra.Writing;

namespace Pipeline.Benchmarks.Cassandra;

/// <summary>
/// Writes events of three log partitions into a real Cassandra: through the result store, and as a plain load with the same driver,
/// as fast as it goes, for comparison. Each in a keyspace of its own. Prints one JSON object a line.
/// </summary>
/// <remarks>Settings: <c>--address 127.0.0.1:9042 --what store|store-by-id|plain-batches|plain-rows --events 300000 --batch 5000 --in-flight 64</c>.</remarks>
internal static class CassandraThroughput
{
    private const int Partitions = 3;
    private const int ValueBytes = 560;
    private const int PlainBatchRows = 30;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task RunAsync(string[] args)
    {
        var given = args.Chunk(2).ToDictionary(pair => pair[0].TrimStart('-'), pair => pair[1], StringComparer.OrdinalIgnoreCase);
        var what = given.GetValueOrDefault("what", "store");
        var events = int.Parse(given.GetValueOrDefault("events", "300000"), CultureInfo.InvariantCulture);
        var size = int.Parse(given.GetValueOrDefault("batch", "5000"), CultureInfo.InvariantCulture);
        var inFlight = int.Parse(given.GetValueOrDefault("in-flight", "64"), CultureInfo.InvariantCulture);
        var options = new CassandraOptions { Keyspace = $"bench_{Guid.NewGuid():N}", EventsById = what is "store-by-id", RequestTimeout = TimeSpan.FromSeconds(30) };
        await using var client = new CassandraClient(CassandraAddress.Parse(given.GetValueOrDefault("address", "127.0.0.1"), []), options, NullLogger.Instance);
        using var sender = new RequestSender(client, TimeProvider.System, NullLogger.Instance);
        await using var store = new CassandraResultStore(client, sender, new StorageOptions(), TimeProvider.System, NullLogger<CassandraResultStore>.Instance);
        await store.InitializeAsync(CancellationToken.None);
        try
        {
            // Once to warm up: connections, compilation, the server's own.
            await MeasureAsync(events / 4, isShown: false);
            await MeasureAsync(events, isShown: true);
        }
        finally
        {
            await client.ExecuteAsync(new SimpleStatement($"DROP KEYSPACE {options.Keyspace}").SetReadTimeoutMillis(60_000), CancellationToken.None);
        }

        async Task MeasureAsync(int count, bool isShown)
        {
            var batches = Enumerable.Range(0, Partitions).Select(p => Prepare(p, count / Partitions, size)).ToList();
            GC.Collect();
            var (before, started, allocated) = (BoxCpu.Now(), Stopwatch.GetTimestamp(), GC.GetTotalAllocatedBytes());
            var rows = what switch
            {
                "store" or "store-by-id" => await StoreAsync(store, batches, options.EventsById),
                "plain-batches" => await PlainAsync(client, batches, inFlight, byId: false),
                "plain-rows" => await PlainAsync(client, batches, inFlight, byId: true),
                _ => throw new ArgumentException($"--what is '{what}'."),
            };
            var (seconds, after) = (Stopwatch.GetElapsedTime(started).TotalSeconds, BoxCpu.Now());
            var written = batches.Sum(b => b.Sum(each => each.Events.Count));
            if (isShown)
            {
                Print(what, written, rows, seconds, after.Process - before.Process, after.Machine - before.Machine, GC.GetTotalAllocatedBytes() - allocated, sender.Limit);
            }
        }
    }

    private static void Print(string what, int events, long rows, double seconds, TimeSpan process, TimeSpan machine, long allocated, int concurrency)
    {
        using var self = Process.GetCurrentProcess();
        Console.Out.WriteLine(JsonSerializer.Serialize(
            new
            {
                Name = $"cassandra-{what}",
                Events = events,
                Rows = rows,
                EventsPerSecond = (long)(events / seconds),
                RowsPerSecond = (long)(rows / seconds),
                ClientCpuUsPerRow = Math.Round(process.TotalMicroseconds / rows, 2),
                MachineCpuUsPerRow = Math.Round(machine.TotalMicroseconds / rows, 2),
                AllocatedBytesPerRow = allocated / rows,
                Concurrency = concurrency,
                PeakRssMb = self.PeakWorkingSet64 >> 20,
            },
            Json));
    }

    private static async Task<long> StoreAsync(CassandraResultStore store, List<List<ResultBatch>> partitions, bool byId)
    {
        await Task.WhenAll(partitions.Select(async (batches, partition) =>
        {
            var claim = await store.ClaimAsync("users_topic", partition, "bench", CancellationToken.None);
            foreach (var batch in batches)
            {
                batch.Progress = batch.Progress with { Epoch = claim.Epoch };
                await store.WriteAsync(batch, CancellationToken.None);
            }
        }));

        // The event and its place in the index by user, and if asked for the row by id; windows once.
        return partitions.Sum(batches => batches.Sum(b => (long)(b.Events.Count * (byId ? 3 : 2)) + b.Windows.Count));
    }

    /// <summary>
    /// What a loader would do: a plain table of columns, bind, batch where rows share a partition, keep a number of requests under way. Batches go
    /// into a table by time and into the index by user, as the store's do; rows into the seed's table.
    /// </summary>
    private static async Task<long> PlainAsync(CassandraClient client, List<List<ResultBatch>> partitions, int inFlight, bool byId)
    {
        var session = await client.SessionAsync(CancellationToken.None);
        await session.ExecuteAsync(new SimpleStatement(
            """
            CREATE TABLE IF NOT EXISTS plain_events (bucket timestamp, shard smallint, event_time timestamp, event_id uuid, user_id uuid, event_type text, nationality text,
                country text, region text, gender text, age_band text, flags bigint, ingested_at timestamp, topic text, partition int, offset bigint, event_data blob,
                PRIMARY KEY ((bucket, shard), event_time, event_id))
            """));
        var byIdInsert = await session.PrepareAsync("INSERT INTO user_events (event_id, user_id, event_type, timestamp, event_data) VALUES (?, ?, ?, ?, ?)");
        var byTime = await session.PrepareAsync(
            """
            INSERT INTO plain_events (bucket, shard, event_time, event_id, user_id, event_type, nationality, country, region, gender, age_band, flags, ingested_at, topic, partition, offset, event_data)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """);
        var byUser = await session.PrepareAsync("INSERT INTO events_by_user (bucket, slot, user_id, event_time, event_id) VALUES (?, ?, ?, ?, ?)");
        var layout = new Layout(client.Options);
        using var places = new SemaphoreSlim(inFlight);
        var rows = 0L;
        foreach (var batch in partitions.SelectMany(p => p))
        {
            rows += batch.Events.Count * (byId ? 1 : 2);
            IEnumerable<IStatement> requests = byId
                ? batch.Events.Select(e => byIdInsert.Bind(e.EventId, e.UserId, e.EventType, Times.ToTimestamp(e.EventTime), JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(e.Data.Span)!.ToDictionary(f => f.Key, f => f.Value.ToString())))
                : Batches(
                    batch.Events.GroupBy(e => (layout.BucketOf(e.EventTime), layout.ShardOf(e.EventId))),
                    (key, e) => byTime.Bind(
                        Times.ToTimestamp(key.Item1), key.Item2, Times.ToTimestamp(e.EventTime), e.EventId, e.UserId, e.EventType, e.Nationality, e.Country, e.Region, e.Gender, e.AgeBand, (long)e.Flags,
                        Times.ToTimestamp(e.IngestedAt), e.Topic, e.Partition, e.Offset, e.Data.ToArray()))
                    .Concat(Batches(
                        batch.Events.GroupBy(e => (Times.ToTimestamp(layout.UserBucketOf(e.EventTime)), layout.SlotOf(e.UserId))),
                        (key, e) => byUser.Bind(key.Item1, key.Item2, e.UserId, Times.ToTimestamp(e.EventTime), e.EventId)));
            foreach (var request in requests)
            {
                await places.WaitAsync();
                _ = SendAsync(request);
            }
        }

        for (var i = 0; i < inFlight; i++)
        {
            await places.WaitAsync();
        }

        return rows;

        async Task SendAsync(IStatement request)
        {
            try
            {
                await session.ExecuteAsync(request);
            }
            catch (DriverException e)
            {
                Environment.FailFast("A plain write failed.", e);
            }
            finally
            {
                places.Release();
            }
        }
    }

    private static IEnumerable<BatchStatement> Batches<TKey>(IEnumerable<IGrouping<TKey, EventRow>> partitions, Func<TKey, EventRow, BoundStatement> bind)
        => partitions.SelectMany(p => p.Chunk(PlainBatchRows).Select(chunk => chunk.Aggregate(new BatchStatement().SetBatchType(BatchType.Unlogged), (all, e) => all.Add(bind(p.Key, e)))));

    private static List<ResultBatch> Prepare(int partition, int events, int size)
    {
        var random = new Random(partition);
        var users = Enumerable.Range(0, 100_000).Select(_ => StoreThroughput.RandomId(random, null)).ToArray();
        var values = new byte[ValueBytes * size];
        for (var i = 0; i < size; i++)
        {
            Value(i).CopyTo(values, i * ValueBytes);
        }

        var batches = new List<ResultBatch>();
        for (var offset = 0; offset < events; offset += size)
        {
            var batch = new ResultBatch { Progress = new PartitionProgress { Topic = "users_topic", Partition = partition, Epoch = 0, NextOffset = 0 } };
            StoreThroughput.Fill(batch, offset, partition, Math.Min(size, events - offset), Partitions, values, users, random);
            batches.Add(batch);
        }

        return batches;
    }

    /// <summary>An event of the contract's shape, in JSON.</summary>
    private static byte[] Value(int number)
    {
        var text = new StringBuilder(ValueBytes);
        text.Append(CultureInfo.InvariantCulture, $$"""{"event_id":"{{number:D8}}-0000-8000-8000-000000000000","user_id":"{{number:D8}}-1111-8111-8111-111111111111","event_type":"profile","event_time":"2026-03-01T00:00:00.000Z","run_id":"kafka_stream__2026-03-01T00:00:00","source":"randomuser","schema_version":1,"first_name":"Zoryana","last_name":"Kovalenko","email":"zoryana.kovalenko@example.com","gender":"female","dob":"1990-01-15T10:30:00Z","age":36,"phone":"+380-555-0100","nationality":"UA","address":"1 Khreshchatyk, Kyiv, Ukraine","picture":"https://example.com/{{number}}""");
        return Encoding.ASCII.GetBytes(text.ToString().PadRight(ValueBytes - 2, 'x') + "\"}");
    }
}
