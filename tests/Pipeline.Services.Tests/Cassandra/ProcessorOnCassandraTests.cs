using System.Text;
using Cassandra;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Services.Tests.Processor;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.State;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Cassandra;

/// <summary>The processor with results and checkpoints in a real Cassandra.</summary>
public sealed class ProcessorOnCassandraTests : IAsyncLifetime
{
    private readonly string _keyspace = $"test_{Guid.NewGuid():N}";
    private string _address = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private (string Key, string Value)[] Settings =>
    [
        ("ConnectionStrings:cassandra", _address),
        ("Cassandra:Keyspace", _keyspace),
        ("Cassandra:RequestTimeout", "00:00:30"),
    ];

    public ValueTask InitializeAsync()
    {
        _address = RequiresServer.ConnectionString("cassandra");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_address.Length > 0)
        {
            var (host, port) = (_address[.._address.LastIndexOf(':')], int.Parse(_address[(_address.LastIndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
            using var cluster = Cluster.Builder().AddContactPoint(host).WithPort(port).WithSocketOptions(new SocketOptions().SetReadTimeoutMillis(60_000)).Build();
            await (await cluster.ConnectAsync()).ExecuteAsync(new SimpleStatement($"DROP KEYSPACE IF EXISTS {_keyspace}"));
        }
    }

    [Fact]
    public async Task Processor_StoppedAndStartedAgain_GoesOnFromItsCheckpointInCassandraAndAReplayGivesTheSame()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync(live: true, Settings);
        var t = ProcessorHost.Noon;
        await host.AppendAsync(
            Topics.Users,
            "a",
            (ProcessorHost.User(1, t), t),
            (ProcessorHost.User(1, t), t),
            (Encoding.UTF8.GetBytes("{\"cut"), t),
            (ProcessorHost.User(2, t + 5), t));
        await host.AppendAsync(Topics.Activity, "a", (ProcessorHost.Activity(1, user: 1, t, EventType.Login), t), (ProcessorHost.Activity(2, user: 1, t + 1000), t));
        await host.SettledAsync();
        await host.StopAsync();

        await host.StartAsync(live: true, Settings);
        Assert.False(Directory.Exists(Path.Combine(host.DataDirectory, "checkpoints")), "There are checkpoints on the local disk.");
        var partition = (await host.Store.GetProgressAsync(Token)).First(p => p.Topic == Topics.Users && p.Consumed > 0).Partition;
        Assert.NotEmpty(await host.Get<ICheckpointStore>().ListAsync(new TopicPartition(Topics.Users, partition), Token));
        await host.AppendAsync(
            Topics.Users,
            "a",
            (ProcessorHost.User(1, t), t),
            (ProcessorHost.User(3, t + 10), t),
            (ProcessorHost.User(4, t + 600_000), t + 600_000),
            (ProcessorHost.User(5, t), t + 600_000));
        var progress = Assert.Single(await host.SettledAsync(), p => p.Topic == Topics.Users && p.Consumed > 0);
        await host.StopAsync();

        await host.StartAsync(live: false, Settings);
        var before = await ResultsAsync(host.Store);
        await host.Get<ResultReplay>().RunAsync(endOfInput: false, progress: null, Token);
        var after = await ResultsAsync(host.Store);

        Assert.Equal((8, 4, 1, 1, 2), (progress.Consumed, progress.Stored, progress.DeadLettered, progress.Late, progress.Duplicate));
        Assert.Contains(before, line => line.Contains($" {t} 5 ", StringComparison.Ordinal));
        Assert.Equal(before, after);
    }

    private static async Task<List<string>> ResultsAsync(IResultStore store)
    {
        var events = (await store.QueryEventsAsync(new EventQuery { Limit = 1000 }, Token)).Items.Select(e => $"event {e.EventTime} {e.EventId} {Encoding.UTF8.GetString(e.Data)}");
        var windows = (await store.QueryWindowsAsync(new WindowQuery { Limit = 1000 }, Token)).Items.Select(w => $"minute {w.Value} {w.WindowStart} {w.Aggregate.Count} {w.IsFinal}");
        var sessions = (await store.QuerySessionsAsync(new SessionQuery { Limit = 1000 }, Token)).Items.Select(s => s.ToString());
        var letters = (await store.QueryDeadLettersAsync(new DeadLetterQuery { Limit = 1000 }, Token)).Items.Select(d => $"dead {d.ReasonCode} {d.Offset}");
        return [.. events, .. windows, .. sessions, .. letters];
    }
}
