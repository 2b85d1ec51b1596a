using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;
using static Pipeline.Scheduling.Tests.SchedulingKit;

namespace Pipeline.Scheduling.Tests;

public sealed class MetadataDatabaseTests
{
    private static readonly Dag Empty = new DagBuilder("d").Add(Nothing("a")).Build();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_NewDirectory_MakesAirflowsTables()
    {
        await using var kit = new SchedulingKit();
        await kit.StartAsync([Empty]);

        await using var connection = new SqliteConnection($"Data Source={Path.Combine(kit.DataDirectory, "metadata.db")};Pooling=false");
        var tables = connection.Query<string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");

        Assert.Equal(["dag", "dag_run", "job", "log", "task_instance", "task_instance_log", "xcom"], tables);
    }

    [Fact]
    public async Task Start_DamagedFile_SaysSoAndStops()
    {
        await using var kit = new SchedulingKit();
        await File.WriteAllTextAsync(Path.Combine(kit.DataDirectory, "metadata.db"), string.Concat(Enumerable.Repeat("not a database ", 1000)), Cancellation);

        var error = await Assert.ThrowsAsync<MetadataStoreException>(() => kit.StartAsync([Empty]));

        Assert.Contains("is damaged", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Fact]
    public async Task Start_NewerVersion_IsRefusedUntouched()
    {
        await using var kit = new SchedulingKit();
        var path = Path.Combine(kit.DataDirectory, "metadata.db");
        await using (var connection = new SqliteConnection($"Data Source={path};Pooling=false"))
        {
            connection.Execute("PRAGMA user_version = 99");
        }

        var error = await Assert.ThrowsAsync<MetadataStoreException>(() => kit.StartAsync([Empty]));

        Assert.Contains("version 99", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13, true, "disk is full")]
    [InlineData(8, true, "read-only")]
    [InlineData(5, true, "locked by another process")]
    [InlineData(11, false, "is damaged")]
    [InlineData(26, false, "is damaged")]
    [InlineData(14, true, "cannot be opened")]
    [InlineData(10, true, "failed")]
    [InlineData(1, false, "refused a statement")]
    public void Fault_IsAPlainSentence(int code, bool transient, string words)
    {
        var error = MetadataStoreException.From(new SqliteException("why", code), "/data/metadata.db");

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("/data/metadata.db", error.Message, StringComparison.Ordinal);
        Assert.Equal(transient, error.IsTransient);
    }

    [Fact]
    public async Task Write_ThatThrows_LeavesNothingBehind()
    {
        await using var kit = new SchedulingKit();
        var host = kit.Build([Empty]);
        var database = host.Services.GetRequiredService<MetadataDatabase>();
        await database.MigrateAsync(Cancellation);

        await Assert.ThrowsAsync<InvalidOperationException>(() => database.WriteAsync<int>(
            (connection, transaction) =>
            {
                connection.Execute("INSERT INTO log (dttm, event, owner) VALUES (1, 'half', 'test')", transaction: transaction);
                throw new InvalidOperationException();
            },
            Cancellation));

        Assert.Equal(0, database.Read(connection => connection.ExecuteScalar<long>("SELECT COUNT(*) FROM log")));
        Assert.Equal(1, await database.WriteAsync((connection, transaction) => connection.ExecuteScalar<int>("SELECT 1", transaction: transaction), Cancellation));
    }

    [Fact]
    public async Task Prune_OldRuns_GoWithAllTheirRowsButTheLatestScheduledStays()
    {
        await using var kit = new SchedulingKit();
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        var dag = new DagBuilder("d") { Timetable = Timetable.Every(TimeSpan.FromMinutes(1)) }
            .Add(Task("a", (context, _) => { context.Push("n", 1); return System.Threading.Tasks.Task.CompletedTask; }))
            .Build();
        var host = kit.Build([dag], clock, new() { ["Scheduling:RunRetention"] = "01:00:00" });
        var services = host.Services;
        await services.GetRequiredService<MetadataDatabase>().MigrateAsync(Cancellation);
        for (var i = 0; i < 3; i++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            await services.GetRequiredService<DagScheduler>().TickAsync(dag, Cancellation);
            var run = (await ClaimAsync(host, Cancellation))!;
            await services.GetRequiredService<DagRunExecutor>().RunAsync(dag, run, Cancellation);
        }

        var runs = services.GetRequiredService<DagRuns>();
        var latest = runs.ListRuns("d", 10)[0];
        clock.Advance(TimeSpan.FromHours(2));
        await services.GetRequiredService<RetentionWorker>().PruneAsync(Cancellation);

        Assert.Equal(latest.RunId, Assert.Single(runs.ListRuns("d", 10)).RunId);
        Assert.Equal(1, services.GetRequiredService<MetadataDatabase>().Read(connection => connection.ExecuteScalar<long>("SELECT COUNT(*) FROM xcom")));
    }

    [Fact]
    public async Task Tick_MaxActiveRunsReached_CreatesNoMore()
    {
        await using var kit = new SchedulingKit();
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        var dag = new DagBuilder("d")
        {
            Timetable = Timetable.Every(TimeSpan.FromMinutes(1)),
            Catchup = true,
            StartDate = clock.GetUtcNow().AddHours(-1),
            MaxActiveRuns = 4,
        }.Add(Nothing("a")).Build();
        var services = kit.Build([dag], clock).Services;
        await services.GetRequiredService<MetadataDatabase>().MigrateAsync(Cancellation);

        await services.GetRequiredService<DagScheduler>().TickAsync(dag, Cancellation);
        await services.GetRequiredService<DagScheduler>().TickAsync(dag, Cancellation);

        Assert.Equal(4, services.GetRequiredService<DagRuns>().CountRuns("d")[DagRunState.Queued]);
    }

    [Theory]
    [InlineData("[1]", "is a JSON object")]
    [InlineData("{", "is not valid JSON")]
    public async Task Trigger_BadConf_IsRefused(string conf, string words)
    {
        await using var kit = new SchedulingKit();
        var runs = kit.Build([Empty]).Services.GetRequiredService<DagRuns>();

        var error = await Assert.ThrowsAsync<ArgumentException>(() => runs.TriggerAsync("d", null, conf, "test", Cancellation));

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trigger_UnknownDag_IsRefused()
    {
        await using var kit = new SchedulingKit();
        var runs = kit.Build([Empty]).Services.GetRequiredService<DagRuns>();

        await Assert.ThrowsAsync<ArgumentException>(() => runs.TriggerAsync("nobody", null, null, "test", Cancellation));
    }
}
