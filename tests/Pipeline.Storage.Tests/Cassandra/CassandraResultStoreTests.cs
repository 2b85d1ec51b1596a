using System.Diagnostics;
using Cassandra;
using Pipeline.Storage.Cassandra;
using Pipeline.Testing;

namespace Pipeline.Storage.Tests.Cassandra;

/// <summary>The conformance suite on the real server. Its tests share a keyspace, because making one takes seconds; each begins by emptying it.</summary>
public sealed class CassandraResultStoreTests(CassandraResultStoreTests.SharedKeyspace shared) : ResultStoreConformance, IClassFixture<CassandraResultStoreTests.SharedKeyspace>
{
    protected override IResultStore Create() => CassandraStores.Store(shared.Client, Options, Time);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await shared.EmptyAsync();
    }

    [Fact]
    public async Task Write_FieldNameTooLongForAMap_IsStoredAndOnlyTheSeedsTableLacksIt()
    {
        await using var store = Create();
        await store.InitializeAsync(Cancel);
        var claim = await store.ClaimAsync(TestRows.Topic, 0, "test", Cancel);
        var row = TestRows.Event(0, data: $$"""{"{{new string('n', 70_000)}}":1,"":"empty","email":"a@example.com"}""");
        await store.WriteAsync(TestRows.Batch(1, claim.Epoch).With(row), Cancel);

        var map = (await shared.Stores.Session.ExecuteAsync(new SimpleStatement($"SELECT event_data FROM {shared.Stores.Keyspace}.user_events WHERE event_id = ?", row.EventId)))
            .Single().GetValue<IDictionary<string, string>>("event_data");

        Assert.Equal(row.Data.ToArray(), (await store.GetEventAsync(row.EventId, Cancel))?.Data);
        Assert.Equal([new("", "empty"), new("email", "a@example.com")], map.OrderBy(f => f.Key, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Write_DeadLetterLargerThanTheServerTakes_KeepsItsBeginningAndSaysSo()
    {
        await using var store = Create();
        await store.InitializeAsync(Cancel);
        var claim = await store.ClaimAsync(TestRows.Topic, 0, "test", Cancel);

        // Above the server's default limit of a mutation, as a record of the log may be.
        var value = new string('v', 17 << 20);
        await store.WriteAsync(TestRows.Batch(2, claim.Epoch).With(TestRows.DeadLetter(0, value: value), TestRows.DeadLetter(1)), Cancel);

        var letters = (await store.QueryDeadLettersAsync(new DeadLetterQuery(), Cancel)).Items.OrderBy(d => d.Offset).ToArray();
        Assert.Equal([0L, 1L], letters.Select(d => d.Offset));
        Assert.Equal(value[..(1 << 20)], System.Text.Encoding.UTF8.GetString(letters[0].Value));
        Assert.Contains("all are in the dead-letter topic", letters[0].Message, StringComparison.Ordinal);
        Assert.DoesNotContain("dead-letter topic", letters[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_DriverOfAnotherLanguage_FindsValuesByTheirNames()
    {
        await using var store = Create();
        await store.InitializeAsync(Cancel);
        var claim = await store.ClaimAsync(TestRows.Topic, 0, "test", Cancel);
        var batch = TestRows.Batch(1, claim.Epoch).With(TestRows.Event(7, data: """{"first_name":"Zoë","age":34}""")).With(TestRows.Window(TestRows.Start, count: 5)).With(TestRows.Session(TestRows.Start));
        await store.WriteAsync(batch, Cancel);
        const string Script =
            """
            import sys
            from cassandra.cluster import Cluster
            cluster = Cluster([sys.argv[1]], port=int(sys.argv[2]))
            session = cluster.connect(sys.argv[3])
            session.default_timeout = 60
            e = session.execute("SELECT * FROM events_by_bucket").one()
            print(e.labels.nationality, e.labels.country, e.labels.gender, e.labels.flags, e.source.topic, e.source.offset, e.event_time.isoformat(), e.event_data.decode())
            print(sorted(session.execute("SELECT event_data FROM user_events").one().event_data.items()))
            print(session.execute("SELECT count FROM metrics_by_window").one().count, session.execute("SELECT events FROM user_sessions").one().events)
            cluster.shutdown()
            """;
        var address = CassandraAddress.Parse(shared.Stores.Address, []);

        var lines = await PythonAsync(Script, address.ContactPoints[0], $"{address.Port}", shared.Stores.Keyspace);

        Assert.Equal(
            [
                """IE Ireland female 5 users_topic 7 2026-03-01T00:00:00.007000 {"first_name":"Zoë","age":34}""",
                "[('age', '34'), ('first_name', 'Zoë')]",
                "5 3",
            ],
            lines);
    }

    [Fact]
    public async Task Write_EventsOfAUserOnManyDays_AreListedNewestFirstOverAllOfThem()
    {
        await using var store = Create();
        await store.InitializeAsync(Cancel);
        var claim = await store.ClaimAsync(TestRows.Topic, 0, "test", Cancel);
        var events = Enumerable.Range(0, 40).Select(i => TestRows.Event(i, TestRows.Start + (i * 40_000_000L))).ToArray();
        await store.WriteAsync(TestRows.Batch(40, claim.Epoch).With(events), Cancel);

        var (listed, cursor) = (new List<long>(), (string?)null);
        do
        {
            var page = await store.QueryEventsAsync(new EventQuery { UserId = TestRows.Alice, Limit = 7, Cursor = cursor }, Cancel);
            listed.AddRange(page.Items.Select(e => e.Offset));
            cursor = page.Cursor;
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(0, 40).Reverse().Select(i => (long)i), listed);
    }

    /// <summary>What a script of Python prints; skips where Python or its Cassandra driver is not installed.</summary>
    private static async Task<string[]> PythonAsync(string script, params string[] arguments)
    {
        const string Python = "/usr/bin/python3";
        Assert.SkipUnless(File.Exists(Python), "needs Python");
        var start = new ProcessStartInfo(Python, ["-c", script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(Cancel);
        var output = await process.StandardOutput.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.SkipWhen((await errors).Contains("No module named", StringComparison.Ordinal), "needs python3-cassandra");
        Assert.True(process.ExitCode == 0, await errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The keyspace of the class.</summary>
    public sealed class SharedKeyspace : IAsyncLifetime
    {
        private static readonly string[] Internal = ["schema_lock"];

        private CassandraStores? _stores;
        private CassandraClient? _client;
        private List<(string Delete, string Select)>? _tables;

        internal CassandraStores Stores => _stores!;

        internal CassandraClient Client => _client!;

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            if (_stores is not null)
            {
                await _stores.DisposeAsync();
            }
        }

        /// <summary>Removes every partition of every table: truncating takes longer than the tests.</summary>
        internal async Task EmptyAsync()
        {
            if (_stores is null)
            {
                _stores = await CassandraStores.OpenAsync();
                _client = _stores.Client();
                await CassandraStores.Store(_client).InitializeAsync(TestContext.Current.CancellationToken);
            }

            // Claims reserve write times a moment ahead; what is removed before that is over would come back.
            await Eventually.TrueAsync(async () => await NewestWriteTimeAsync() < (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMicroseconds);
            foreach (var (delete, select) in _tables ??= await TablesAsync())
            {
                var prepared = await Stores.Session.PrepareAsync(delete);
                foreach (var rows in (await Stores.Session.ExecuteAsync(new SimpleStatement(select))).Chunk(200))
                {
                    await Task.WhenAll(rows.Select(row => Stores.Session.ExecuteAsync(prepared.Bind([.. row]))));
                }
            }
        }

        private async Task<long> NewestWriteTimeAsync()
            => (await Stores.Session.ExecuteAsync(new SimpleStatement($"SELECT write_time FROM {Stores.Keyspace}.partition_progress")))
                .Select(row => row.GetValue<long?>("write_time") ?? 0).DefaultIfEmpty().Max();

        private async Task<List<(string Delete, string Select)>> TablesAsync()
        {
            var columns = await Stores.Session.ExecuteAsync(new SimpleStatement(
                "SELECT table_name, column_name, kind FROM system_schema.columns WHERE keyspace_name = ?", Stores.Keyspace));
            return
            [
                .. columns.Where(c => c.GetValue<string>("kind") == "partition_key" && !Internal.Contains(c.GetValue<string>("table_name")))
                    .GroupBy(c => c.GetValue<string>("table_name"), c => c.GetValue<string>("column_name"))
                    .Select(t => (
                        $"DELETE FROM {Stores.Keyspace}.{t.Key} WHERE {string.Join(" AND ", t.Select(c => c + " = ?"))}",
                        $"SELECT DISTINCT {string.Join(", ", t)} FROM {Stores.Keyspace}.{t.Key}")),
            ];
        }
    }
}
