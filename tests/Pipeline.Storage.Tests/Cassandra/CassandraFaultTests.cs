using System.Diagnostics;
using Pipeline.Storage.Cassandra;
using Pipeline.Testing;
using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests.Cassandra;

/// <summary>The real server as it fails: killed, stopped, cut off, raced for.</summary>
public sealed class CassandraFaultTests
{
    // Restarting a server on a loaded machine takes long; it is a safety net and no measurement.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Write_ServerIsKilledAndStoppedInTheMiddle_LosesAndDoublesNothing()
    {
        // The log of one node must be on the disk before it answers, or the node itself forgets what it confirmed.
        await using var servers = await OwnServers.StartAsync("cassandra", ("SERVERS_CASSANDRA_HEAP", "512m"), ("SERVERS_CASSANDRA_COMMITLOG_SYNC", "group"));
        var address = await servers.AddressAsync("cassandra");
        await using var processes = new StoreProcesses(address, "faults", ("Cassandra__RequestTimeout", "00:00:01"));
        var writer = processes.Start(partition: 0);
        await Eventually.TrueAsync(() => writer.Acknowledged >= 200, Patience);

        await servers.KillAsync("cassandra");
        await servers.UpAsync("cassandra");
        var before = writer.Acknowledged;
        await Eventually.TrueAsync(() => writer.Acknowledged >= before + 200, Patience);

        // Stopped for longer than a request may take: the connections stay, the answers do not come.
        await servers.PauseAsync("cassandra");
        var paused = Stopwatch.StartNew();
        await Eventually.TrueAsync(() => paused.Elapsed > TimeSpan.FromSeconds(4), Patience);
        await servers.ResumeAsync("cassandra");
        before = writer.Acknowledged;
        await Eventually.TrueAsync(() => writer.Acknowledged >= before + 200, Patience);
        await writer.KillAsync();

        await using var client = new CassandraClient(CassandraAddress.Parse(address, []), new CassandraOptions { Keyspace = "faults", RequestTimeout = TimeSpan.FromSeconds(30) }, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        await using var store = CassandraStores.Store(client);
        var progress = Assert.Single(await store.GetProgressAsync(Cancel));
        var offsets = await OffsetsAsync(store);
        Assert.True(progress.NextOffset >= writer.Acknowledged);
        Assert.Equal(offsets.Count, offsets.Distinct().Count());
        Assert.Equal(Enumerable.Range(0, (int)progress.NextOffset).Select(i => (long)i), offsets.Order().Take((int)progress.NextOffset));
        Assert.True(Assert.Single((await store.QueryWindowsAsync(new WindowQuery(), Cancel)).Items).Aggregate.Count >= progress.NextOffset);
    }

    [Fact]
    public async Task Write_ConnectionsAreResetAndTimeOut_IsTransientAndEndsComplete()
    {
        await using var stores = await CassandraStores.OpenAsync();
        await using var proxy = await FaultProxy.OpenAsync(stores.Address);
        var client = stores.Client(o => o.RequestTimeout = TimeSpan.FromSeconds(1), proxy.Address);
        await using var store = CassandraStores.Store(client);
        await RetriedAsync(() => store.InitializeAsync(Cancel));
        var claim = await store.ClaimAsync(Topic, 0, "test", Cancel);
        var failures = 0;
        for (var batch = 0; batch < 12; batch++)
        {
            switch (batch)
            {
                case 2:
                    await proxy.AddAsync("limit_data", "upstream", new { bytes = 4000 });
                    break;
                case 5:
                    await proxy.AddAsync("timeout", "downstream", new { timeout = 0 });
                    break;
                case 8:
                    await proxy.EnableAsync(false);
                    break;
            }

            var results = Batch((batch + 1) * 40, claim.Epoch);
            for (var i = 0; i < 40; i++)
            {
                results.With(Event((batch * 40) + i, data: new string('x', 300)));
            }

            failures += await RetriedAsync(() => store.WriteAsync(results, Cancel), async () =>
            {
                switch (batch)
                {
                    case 2:
                        await proxy.RemoveAsync("limit_data");
                        break;
                    case 5:
                        await proxy.RemoveAsync("timeout");
                        break;
                    case 8:
                        await proxy.EnableAsync(true);
                        break;
                }
            });
        }

        Assert.True(failures >= 2, $"Only {failures} writes failed: the faults did not reach them.");
        Assert.Equal(Enumerable.Range(0, 480).Select(i => (long)i), (await OffsetsAsync(store)).Order());
        Assert.Equal(480, Assert.Single(await store.GetProgressAsync(Cancel)).NextOffset);
    }

    [Fact]
    public async Task Initialize_FourProcessesAtOnce_MakeOneSchemaAndAllWrite()
    {
        await using var stores = await CassandraStores.OpenAsync();
        await using var processes = new StoreProcesses(stores.Address, stores.Keyspace, ("Cassandra__RequestTimeout", "00:00:30"));
        var writers = Enumerable.Range(0, 4).Select(partition => processes.Start(partition)).ToList();

        await Eventually.TrueAsync(() => writers.TrueForAll(w => w.Acknowledged >= 100), Patience);
        foreach (var writer in writers)
        {
            await writer.KillAsync();
        }

        await using var store = CassandraStores.Store(stores.Client());
        Assert.Equal([0, 1, 2, 3], (await store.GetProgressAsync(Cancel)).Select(p => p.Partition));
        Assert.True((await OffsetsAsync(store)).Count >= 400);
    }

    [Fact]
    public async Task Write_WriterOfAnOldClaim_CannotChangeARowOfTheNewOne()
    {
        await using var stores = await CassandraStores.OpenAsync();
        await using var old = CassandraStores.Store(stores.Client());
        await using var current = CassandraStores.Store(stores.Client());
        await old.InitializeAsync(Cancel);
        var first = await old.ClaimAsync(Topic, 0, "old", Cancel);
        await old.WriteAsync(Batch(1, first.Epoch).With(Window(Start, count: 1)), Cancel);

        var second = await current.ClaimAsync(Topic, 0, "current", Cancel);
        await current.WriteAsync(Batch(9, second.Epoch).With(Window(Start, count: 9)).With(Session(Start, events: 9)).With(Event(0, data: "current")), Cancel);
        var late = Batch(2, first.Epoch).With(Window(Start, count: 2)).With(Session(Start, events: 2)).With(Event(0, data: "old"));
        late.RemovedSessions.Add(new SessionKey(Alice, Session(Start).SessionId, Start));
        var refused = await Assert.ThrowsAsync<StaleEpochException>(() => old.WriteAsync(late, Cancel).AsTask());

        Assert.Contains("current", refused.Message, StringComparison.Ordinal);
        Assert.Equal(9, Assert.Single((await current.QueryWindowsAsync(new WindowQuery(), Cancel)).Items).Aggregate.Count);
        Assert.Equal(9, Assert.Single((await current.QuerySessionsAsync(new SessionQuery(), Cancel)).Items).Events);
        Assert.Equal("current"u8.ToArray(), (await current.GetEventAsync(Event(0).EventId, Cancel))?.Data);
        Assert.Equal(9, Assert.Single(await current.GetProgressAsync(Cancel)).NextOffset);
    }

    private static async Task<List<long>> OffsetsAsync(CassandraResultStore store)
    {
        var offsets = new List<long>();
        string? cursor = null;
        do
        {
            var page = await store.QueryEventsAsync(new EventQuery { Limit = 1000, Cursor = cursor }, Cancel);
            offsets.AddRange(page.Items.Select(e => e.Offset));
            cursor = page.Cursor;
        }
        while (cursor is not null);

        return offsets;
    }

    /// <summary>Tries until it works, as a task does, and returns how often it did not.</summary>
    private static async Task<int> RetriedAsync(Func<ValueTask> work, Func<Task>? afterFailure = null)
    {
        var failures = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await work();
                    return true;
                }
                catch (StorageException e) when (e.IsTransient)
                {
                    if (failures++ == 0 && afterFailure is not null)
                    {
                        await afterFailure();
                    }

                    return false;
                }
            },
            Patience);
        return failures;
    }
}
