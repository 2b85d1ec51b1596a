using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Testing;
using TopicPartition = Pipeline.Streaming.TopicPartition;

namespace Pipeline.Services.Tests.Processor;

/// <summary>
/// Records that clients wrote which nobody here wrote, through the whole processor: kcat with every codec, headers, no key, null and large values,
/// and transactions that are committed and aborted. The topic of the broker is shared with earlier runs; everything is looked up by its offset or its id.
/// </summary>
public sealed class ForeignClientTests
{
    private const int Partition = 0;
    private static readonly string[] Codecs = ["none", "gzip", "snappy", "lz4", "zstd"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Processor_RecordsOfForeignClients_AreStoredOrBecomeDeadLettersWithTheirBytes()
    {
        var servers = RequiresServer.ConnectionString("kraft");
        await using var host = new ProcessorHost();
        await host.StartAsync(live: true, ("ConnectionStrings:kafka", servers), ("Processor:Group", $"foreign-{Guid.NewGuid():N}"));
        var first = (await EndsAsync(host, Topics.Users)).First(e => e.TopicPartition.Partition == Partition).Offset;
        var before = await EndsAsync(host, Topics.DeadLettersOf(Topics.Users));

        var events = new Dictionary<Guid, byte[]>();
        foreach (var codec in Codecs)
        {
            await WriteAsync(servers, ["-K", "\t", "-z", codec, "-H", $"codec={codec}"], $"somebody\t{NewEvent(events)}\n");
        }

        await WriteAsync(servers, [], NewEvent(events) + "\n");
        await WriteAsync(servers, ["-K", "\t", "-Z", "-H", "a=1", "-H", "a=2"], "gone\t\n");
        var large = new string('x', 1_000_000);
        var tooLarge = new string('y', 1_500_000);
        await WriteAsync(servers, ["-X", "message.max.bytes=3000000"], large + "\n");
        await WriteAsync(servers, ["-X", "message.max.bytes=3000000"], tooLarge + "\n");
        var aborted = await TransactAsync(servers, events);
        await host.SettledAsync();

        foreach (var (id, bytes) in events)
        {
            var stored = await host.Store.GetEventAsync(id, Token);
            Assert.NotNull(stored);
            Assert.Equal(Encoding.UTF8.GetString(bytes), Encoding.UTF8.GetString(stored.Data));
            Assert.Equal(Partition, stored.Partition);
            Assert.True(stored.Offset >= first);
        }

        Assert.Null(await host.Store.GetEventAsync(aborted, Token));
        var letters = (await host.Store.QueryDeadLettersAsync(new DeadLetterQuery { Limit = 1000 }, Token)).Items
            .Where(d => d.Topic == Topics.Users && d.Partition == Partition && d.Offset >= first).OrderBy(d => d.Offset).ToList();
        Assert.Equal(["empty_value", "malformed_json", "too_large"], letters.Select(d => d.ReasonCode));
        Assert.Equal(["gone", "", ""], letters.Select(d => Encoding.UTF8.GetString(d.Key)));
        Assert.Equal(["", large, tooLarge], letters.Select(d => Encoding.UTF8.GetString(d.Value)));

        var written = await LettersAsync(host, before, first);
        Assert.Equal([null, large, tooLarge], written.Select(l => l.Value));
        Assert.Equal(["gone", null, null], written.Select(l => l.Key));
        Assert.Equal([new("a", "1"), new("a", "2")], written[0].Headers.Where(h => h.Key == "a"));
        Assert.Contains(new(DeadLetterHeaders.ReasonCode, "empty_value"), written[0].Headers);
        await host.StopAsync();
    }

    private static async Task<List<Position>> EndsAsync(ProcessorHost host, string topic)
        => [.. (await host.Log.DescribeAsync(Token)).Where(p => p.TopicPartition.Topic == topic).Select(p => new Position(p.TopicPartition, p.HighWatermark))];

    /// <summary>
    /// The dead letters of records from an offset on, in the order of their records; they may lie in any partition. What earlier runs wrote is processed again by
    /// the new group, and is set aside again.
    /// </summary>
    private static async Task<List<Letter>> LettersAsync(ProcessorHost host, List<Position> from, long firstRecord)
    {
        var letters = new List<Letter>();
        foreach (var (start, end) in from.Zip(await EndsAsync(host, Topics.DeadLettersOf(Topics.Users))))
        {
            for (var next = start; next.Offset < end.Offset;)
            {
                using var batch = await host.Log.FetchAsync(next, 100, Token);
                for (var i = 0; i < batch.Count; i++)
                {
                    var headers = HeaderReader.ToList(batch.Headers(i));
                    letters.Add(new Letter(Number(headers, DeadLetterHeaders.Partition), Number(headers, DeadLetterHeaders.Offset), batch.Keys()[i], batch.Values()[i], headers));
                }

                next = next with { Offset = batch.NextOffset };
            }
        }

        return [.. letters.Where(l => l.Partition == Partition && l.Offset >= firstRecord).OrderBy(l => l.Offset)];
    }

    private static long Number(IReadOnlyList<KeyValuePair<string, string>> headers, string name)
        => long.Parse(headers.Single(h => h.Key == name).Value, CultureInfo.InvariantCulture);

    private static Task<string> WriteAsync(string servers, string[] arguments, string lines)
        => Kcat.RunAsync(servers, ["-P", "-t", Topics.Users, "-p", $"{Partition}", .. arguments], lines);

    /// <summary>Commits two events and then aborts one, so that the partition ends with the markers of transactions.</summary>
    /// <returns>The event that was aborted.</returns>
    private static async Task<Guid> TransactAsync(string servers, Dictionary<Guid, byte[]> events)
    {
        var id = Guid.NewGuid();
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = servers, TransactionalId = $"foreign-{id:N}" }).Build();
        producer.InitTransactions(TimeSpan.FromSeconds(30));
        producer.BeginTransaction();
        await ProduceAsync(NewEvent(events));
        await ProduceAsync(NewEvent(events));
        producer.CommitTransaction();
        producer.BeginTransaction();
        await ProduceAsync(EventOf(id));
        producer.AbortTransaction();
        return id;

        Task ProduceAsync(string value) => producer.ProduceAsync(new Confluent.Kafka.TopicPartition(Topics.Users, Partition), new Message<Null, string> { Value = value }, Token);
    }

    private static string NewEvent(Dictionary<Guid, byte[]> events)
    {
        var id = Guid.NewGuid();
        var text = EventOf(id);
        events[id] = Encoding.UTF8.GetBytes(text);
        return text;
    }

    private static string EventOf(Guid id) => Encoding.UTF8.GetString(UserEventJson.ToBytes(new UserEvent
    {
        EventId = id,
        UserId = Guid.NewGuid(),
        EventTime = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
        Source = "foreign",
        FirstName = "Zoë",
        LastName = "Doe",
        Email = "zoe@example.com",
        Gender = Gender.Female,
        Age = 36,
        Nationality = "US",
    }));

    private sealed record Letter(long Partition, long Offset, string? Key, string? Value, IReadOnlyList<KeyValuePair<string, string>> Headers);
}
