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

        Assert.Superset(new HashSet<string> { "dag", "dag_run", "dag_version", "task_instance", "task_instance_history", "xcom", "job", "log", "slot_pool", "backfill", "asset" }, tables.ToHashSet());
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

    [Theory]
    [InlineData("57P01", true, "does not answer")]
    [InlineData("40P01", true, "is busy")]
    [InlineData("53100", true, "disk")]
    [InlineData("28P01", false, "refused the log-in")]
    [InlineData("23514", false, "refused a statement")]
    public void Fault_OfPostgres_IsAPlainSentence(string code, bool transient, string words)
    {
        var error = MetadataStoreException.From(new Npgsql.PostgresException("why", "ERROR", "ERROR", code), "PostgreSQL database airflow on db:5432");

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("airflow on db:5432", error.Message, StringComparison.Ordinal);
        Assert.Equal(transient, error.IsTransient);
    }

    /// <summary>A file as the version before left it, with everything in it.</summary>
    [Fact]
    public async Task Start_FileOfVersion1_KeepsItsRunsAndGoesOnAfterTheLastInterval()
    {
        await using var kit = new SchedulingKit();
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(kit.DataDirectory, "metadata.db")};Pooling=false;Foreign Keys=true"))
        {
            connection.Execute(Script("001-airflow-tables"));
            connection.Execute("""
                PRAGMA user_version = 1;
                INSERT INTO dag VALUES ('d', 'old', 'every 86400 s', NULL, 0, 16, 5);
                INSERT INTO dag_run VALUES ('d', 'scheduled__1', 'scheduled', 'success', 86400000, 86400000, 172800000, 172800001, 172800002, 172800003, NULL, '00-t', NULL, NULL);
                INSERT INTO dag_run VALUES ('d', 'manual__1', 'manual', 'running', 200000000, 200000000, 200000000, 200000000, 200000001, NULL, '{"a":1}', NULL, 'gone', 1);
                INSERT INTO task_instance VALUES ('d', 'scheduled__1', 'a', 'success', 2, 3, 1, 2, 3, NULL, NULL);
                INSERT INTO task_instance VALUES ('d', 'manual__1', 'a', 'running', 1, 1, 1, 2, NULL, NULL, NULL);
                INSERT INTO xcom VALUES ('d', 'scheduled__1', 'a', 'k', '1', 3);
                INSERT INTO task_instance_log VALUES ('d', 'scheduled__1', 'a', 2, 1, 3, 'INFO', 'hello');
                INSERT INTO log VALUES (1, 1, 'trigger', 'd', 'manual__1', NULL, 'me', NULL);
                """);
        }

        var dag = new DagBuilder("d").Add(Nothing("a")).Build();
        var host = await kit.StartAsync([dag]);
        var runs = host.Services.GetRequiredService<DagRuns>();

        // The run that was under way then is taken up, and its task has a try left.
        await Pipeline.Testing.Eventually.TrueAsync(async () => (await runs.FindRunAsync("d", "manual__1", Cancellation))!.State == DagRunState.Success);
        var old = (await runs.FindRunAsync("d", "scheduled__1", Cancellation))!;
        Assert.Equal((DagRunType.Scheduled, DagRunState.Success, 86400000, "00-t"), (old.Type, old.State, old.LogicalDate.ToUnixTimeMilliseconds(), old.TraceParent));
        Assert.Equal(2, (await runs.FindTaskInstanceAsync("d", "scheduled__1", "a", Cancellation))!.TryNumber);
        Assert.Equal(2, (await runs.ListTaskInstancesAsync(new TaskInstanceQuery(), Cancellation)).Total);
        Assert.Equal("1", (await runs.FindResultAsync("d", "scheduled__1", "a", "k", Cancellation))!.Value);
        Assert.Equal("hello", Assert.Single(await runs.ReadLogAsync("d", "scheduled__1", "a", 2, 0, 10, Cancellation)).Message);
        Assert.Contains((await runs.ListEventsAsync(new AuditQuery(), Cancellation)).Items, audit => audit is { Event: "trigger", Owner: "me" });
        Assert.Equal(172800000, (await runs.FindDagAsync("d", Cancellation))!.LastInterval!.Value.End.ToUnixTimeMilliseconds());
    }

    private static string Script(string name)
    {
        using var reader = new StreamReader(typeof(MetadataDatabase).Assembly.GetManifestResourceStream($"Pipeline.Scheduling.Metadata.Migrations.Sqlite.{name}.sql")!);
        return reader.ReadToEnd();
    }
}
