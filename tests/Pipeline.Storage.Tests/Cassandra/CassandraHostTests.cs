using System.Diagnostics;
using Cassandra;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Pipeline.Testing;
using static Pipeline.Storage.Tests.TestRows;
using Host = Microsoft.Extensions.Hosting.Host;

namespace Pipeline.Storage.Tests.Cassandra;

/// <summary>The store as a host has it, and as others see what it wrote.</summary>
public sealed class CassandraHostTests : IAsyncLifetime
{
    private CassandraStores? _stores;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private CassandraStores Stores => _stores!;

    public async ValueTask InitializeAsync() => _stores = await CassandraStores.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        if (_stores is not null)
        {
            await _stores.DisposeAsync();
        }
    }

    [Fact]
    public async Task Start_NobodyAnswersAtFirst_IsUnhealthyAndComesUpLater()
    {
        await using var proxy = await FaultProxy.OpenAsync(Stores.Address);
        await proxy.EnableAsync(false);
        using var host = Build(proxy.Address);

        await host.StartAsync(Cancel);
        var before = await HealthAsync(host);
        await proxy.EnableAsync(true);

        Assert.Equal(HealthStatus.Unhealthy, before.Status);
        Assert.Contains("No Cassandra node answers", before.Description, StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => (await HealthAsync(host)).Status == HealthStatus.Healthy, TimeSpan.FromMinutes(2));
        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task Start_OtherLayoutOrSchemaVersion_FailsWithItsSentence()
    {
        await using (var store = CassandraStores.Store(Stores.Client()))
        {
            await store.InitializeAsync(Cancel);
        }

        using (var host = Build(Stores.Address, ("Cassandra:EventShards", "8")))
        {
            var refused = await Assert.ThrowsAsync<StorageException>(() => host.StartAsync(Cancel));
            Assert.False(refused.IsTransient);
            Assert.Contains("was made with Cassandra:EventShards 4 (now 8)", refused.Message, StringComparison.Ordinal);
        }

        await Stores.Session.ExecuteAsync(new SimpleStatement($"UPDATE {Stores.Keyspace}.schema_lock SET version = 99 WHERE name = 'version'"));
        using (var host = Build(Stores.Address))
        {
            var refused = await Assert.ThrowsAsync<StorageException>(() => host.StartAsync(Cancel));
            Assert.Contains("has schema version 99, made by a newer version", refused.Message, StringComparison.Ordinal);
        }

        // Its tables were laid out otherwise, and no script can move the rows.
        await Stores.Session.ExecuteAsync(new SimpleStatement($"UPDATE {Stores.Keyspace}.schema_lock SET version = 1 WHERE name = 'version'"));
        using (var host = Build(Stores.Address))
        {
            var refused = await Assert.ThrowsAsync<StorageException>(() => host.StartAsync(Cancel));
            Assert.False(refused.IsTransient);
            Assert.Contains("has schema version 1, whose tables are laid out otherwise. Drop it or use another one", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Initialize_KeyspaceOfVersionTwo_IsBroughtUpToDate_AlsoWhenThatWasInterrupted()
    {
        await InitializeAsync();
        await RunAsync($"ALTER TABLE {Stores.Keyspace}.partition_progress DROP last_stored_at");
        await RunAsync($"ALTER TABLE {Stores.Keyspace}.checkpoints DROP parts");
        await RunAsync($"ALTER TABLE {Stores.Keyspace}.events_by_bucket WITH compaction = {{'class': 'TimeWindowCompactionStrategy'}}");
        Assert.NotEqual("16", await MinThresholdAsync());
        foreach (var _ in new[] { "first", "again" })
        {
            await RunAsync($"UPDATE {Stores.Keyspace}.schema_lock SET version = 2 WHERE name = 'version'");
            await InitializeAsync();
            Assert.Equal(5, (await RunAsync($"SELECT version FROM {Stores.Keyspace}.schema_lock WHERE name = 'version'")).Single().GetValue<int>("version"));
            Assert.Empty(await RunAsync($"SELECT last_stored_at FROM {Stores.Keyspace}.partition_progress"));
            Assert.Equal("16", await MinThresholdAsync());
            Assert.Empty(await RunAsync($"SELECT parts FROM {Stores.Keyspace}.checkpoints"));
        }

        async Task InitializeAsync()
        {
            await using var store = CassandraStores.Store(Stores.Client());
            await store.InitializeAsync(Cancel);
        }

        async Task<string?> MinThresholdAsync()
            => (await RunAsync($"SELECT compaction FROM system_schema.tables WHERE keyspace_name = '{Stores.Keyspace}' AND table_name = 'events_by_bucket'"))
                .Single().GetValue<IDictionary<string, string>>("compaction").TryGetValue("min_threshold", out var threshold) ? threshold : null;

        Task<RowSet> RunAsync(string statement) => Stores.Session.ExecuteAsync(new SimpleStatement(statement));
    }

    [Fact]
    public async Task Start_DatacenterThatDoesNotExist_FailsWithItsSentence()
    {
        using var host = Build(Stores.Address, ("Cassandra:LocalDatacenter", "atlantis"));

        var refused = await Assert.ThrowsAsync<StorageException>(() => host.StartAsync(Cancel));

        Assert.False(refused.IsTransient);
        Assert.Contains("atlantis", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>The seed's table as it was made before its map was frozen, and as it is made now.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Write_KeyspaceOfBeforeAndOfNow_FieldsAreReadByName(bool before)
    {
        if (before)
        {
            await Stores.Session.ExecuteAsync(new SimpleStatement($"CREATE KEYSPACE {Stores.Keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"));
            await Stores.Session.ExecuteAsync(new SimpleStatement(
                $"CREATE TABLE {Stores.Keyspace}.user_events (event_id uuid, user_id uuid, event_type text, timestamp timestamp, event_data map<text, text>, PRIMARY KEY (event_id))"));
        }

        await using var store = CassandraStores.Store(Stores.Client());
        var claim = await store.ClaimAsync(Topic, 0, "test", Cancel);
        await store.WriteAsync(Batch(1, claim.Epoch).With(Event(0, data: """{"first_name":"Zoë","age":34}""")), Cancel);
        await store.WriteAsync(Batch(1, claim.Epoch).With(Event(0, data: """{"first_name":"Zoë"}""")), Cancel);

        var row = (await Stores.Session.ExecuteAsync(new SimpleStatement(
            $"SELECT event_data, event_data['first_name'] AS name FROM {Stores.Keyspace}.user_events WHERE event_id = ?", Event(0).EventId))).Single();
        Assert.Equal("Zoë", row.GetValue<string>("name"));
        Assert.Equal(["first_name"], row.GetValue<IDictionary<string, string>>("event_data").Keys);
    }

    /// <summary>What the seed's tools would read: its two tables and the ones for dashboards, by a driver that is not ours.</summary>
    [Fact]
    public async Task Rows_ReadByThePythonDriver_AreWhatWasWritten()
    {
        var python = await PythonWithDriverAsync();
        Assert.SkipWhen(python is null, "needs a Python with the package cassandra-driver (python3-cassandra)");
        await using (var store = CassandraStores.Store(Stores.Client()))
        {
            var claim = await store.ClaimAsync(Topic, 0, "test", Cancel);
            var batch = Batch(2, claim.Epoch).With(Event(0, data: """{"first_name":"Zoë","age":34}"""), Event(1)).With(Session(Start)).With(Window(Start, "IE", count: 2, dimension: "nationality")).With(Quality(Start));
            await store.WriteAsync(batch, Cancel);
        }

        var (host, port) = (Stores.Address[..Stores.Address.LastIndexOf(':')], Stores.Address[(Stores.Address.LastIndexOf(':') + 1)..]);
        var lines = await RunAsync(
            python!,
            "-c",
            $"""
            from cassandra.cluster import Cluster
            s = Cluster(['{host}'], port={port}, connect_timeout=60).connect('{Stores.Keyspace}')
            for r in s.execute("SELECT * FROM user_events WHERE event_id = {Event(0).EventId}", timeout=60): print('event', r.user_id, r.event_type, r.timestamp.isoformat(), sorted(r.event_data.items()))
            for r in s.execute("SELECT * FROM user_sessions WHERE user_id = {Alice}", timeout=60): print('session', r.session_start.isoformat(), r.events, r.is_closed)
            for r in s.execute("SELECT * FROM metrics_by_window WHERE metric = 'events' AND dimension = 'nationality' AND grain = 'minute' AND day = '2026-03-01'", timeout=60): print('window', r.value, r.count, r.is_final)
            for r in s.execute("SELECT * FROM sessions_by_day WHERE day = '2026-03-01'", timeout=60): print('day', r.user_id, r.event_types)
            for r in s.execute("SELECT * FROM quality_by_window WHERE day = '2026-03-01'", timeout=60): print('quality', r.rule_id, r.checked, r.failed)
            """);

        Assert.Equal(
            [
                $"event {Alice} profile 2026-03-01T00:00:00 [('age', '34'), ('first_name', 'Zoë')]",
                "session 2026-03-01T00:00:00 3 True",
                "window IE 2 True",
                $$"""day {{Alice}} {"login":1,"view":2}""",
                "quality email-format 10 1",
            ],
            lines);
    }

    private static async Task<string?> PythonWithDriverAsync()
    {
        foreach (var python in (string[])["/usr/bin/python3", "python3"])
        {
            try
            {
                await RunAsync(python, "-c", "import cassandra.cluster");
                return python;
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
            {
            }
        }

        return null;
    }

    private static async Task<string[]> RunAsync(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancel);
        var errors = process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        return process.ExitCode == 0
            ? (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : throw new InvalidOperationException(await errors);
    }

    private static async Task<HealthReportEntry> HealthAsync(IHost host)
        => (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancel)).Entries["result-store"];

    private IHost Build(string address, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
        builder.Configuration["ConnectionStrings:cassandra"] = address;
        builder.Configuration["Cassandra:Keyspace"] = Stores.Keyspace;
        builder.Configuration["Cassandra:RequestTimeout"] = "00:00:30";
        builder.Configuration["Cassandra:ConnectTimeout"] = "00:00:10";
        builder.AddResultStore();
        return builder.Build();
    }
}
