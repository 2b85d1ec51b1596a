using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite;
using Pipeline.Testing;
using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests.Sqlite;

/// <summary>The SQLite store in a directory of the test's own: what every store does, and what this one promises beyond.</summary>
public sealed class SqliteResultStoreTests : ResultStoreConformance
{
    private readonly TempDirectory _directory = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Write_ReplayOfEverything_LeavesEveryTableAsItWas()
    {
        var store = await OpenAsync();
        var batches = Enumerable.Range(0, 30)
            .Select(b => Batch(b + 1)
                .With(Event(b * 3), Event((b * 3) + 1, user: Bob), Event((b * 3) + 2, id: new Guid(b, 1, 2, new byte[8])))
                .With(Window(Start + (b / 10 * Minute), count: b)).With(Late(b)).With(DeadLetter(b)).With(Quality(Start)).With(Session(Start + b)))
            .ToList();
        foreach (var batch in batches)
        {
            await store.WriteAsync(batch, Cancel);
        }

        var before = SqliteStores.Dump(_directory.FullPath);
        foreach (var batch in batches)
        {
            await store.WriteAsync(batch, Cancel);
        }

        Assert.Equal(before, SqliteStores.Dump(_directory.FullPath));
    }

    [Fact]
    public async Task Initialize_FileOfVersionOne_KeepsItsRowsAndTakesNewOnes()
    {
        using (var database = SqliteStores.Open(_directory.FullPath))
        {
            new SqliteMigrations(ResultsFile.ApplicationId, ResultsFile.ReadScript("Schema.sql")).Apply(database);
            database.Execute(
                $"INSERT INTO user_sessions VALUES ({Start}, randomblob(16), randomblob(16), {Start + 9}, 2, '{{\"view\":2}}', 'view', 'view', 1, '{Topic}', 0)");
            database.Execute($"INSERT INTO partition_progress VALUES ('{Topic}', 0, 1, 9, {Start}, 9, 8, 1, 0, 0, {Start}, {Start + 5}, 1, 2, 3, 'test'), ('{Topic}', 1, 1, 2, {Start}, 2, 0, 2, 0, 0, {Start}, {Start + 6}, 1, 2, 3, 'test')");
        }

        var store = await OpenAsync();
        Assert.Equal([Start + 5, long.MinValue], (await store.GetProgressAsync(Cancel)).Select(p => p.LastStoredAt));
        await store.WriteAsync(Batch(1).With(Session(Start + 1, isLate: true)), Cancel);
        Assert.Equal([true, false], (await store.QuerySessionsAsync(new SessionQuery(), Cancel)).Items.Select(s => s.IsLateUpdate));
    }

    [Fact]
    public async Task Dispose_AfterWritingAndReading_LeavesOneFile()
    {
        var directory = Path.Combine(_directory.FullPath, "apart");
        Directory.CreateDirectory(directory);
        await using (var store = SqliteStores.Create(directory))
        {
            await store.WriteAsync(Batch(1).With(Event(1)), Cancel);
            await store.QueryEventsAsync(new EventQuery(), Cancel);
        }

        Assert.Equal([SqliteStores.FileIn(directory)], Directory.GetFiles(directory));
    }

    [Fact]
    public async Task Write_WhileAnotherProcessHoldsTheFile_IsTransientAndWorksAfterwards()
    {
        Options.BusyTimeout = TimeSpan.FromMilliseconds(50);
        var store = await OpenAsync();
        using (var other = SqliteStores.Open(_directory.FullPath))
        {
            using var transaction = other.BeginImmediate();
            var busy = await Assert.ThrowsAsync<StorageException>(() => store.WriteAsync(Batch(1).With(Event(0)), Cancel).AsTask());
            Assert.True(busy.IsTransient);
            Assert.Contains("results.db is in use by another process", busy.Message);
        }

        await store.WriteAsync(Batch(1).With(Event(0)), Cancel);
        Assert.NotNull(await store.GetEventAsync(Event(0).EventId, Cancel));
    }

    [Fact]
    public async Task Query_WhileAWriterIsBusy_DoesNotWait()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Event(0)), Cancel);
        using var other = SqliteStores.Open(_directory.FullPath);
        using var transaction = other.BeginImmediate();
        other.Execute("DELETE FROM user_events");

        Assert.Single((await store.QueryEventsAsync(new EventQuery(), Cancel)).Items);
    }

    [Fact]
    public async Task Retention_OfEvents_DropsTheirIndexToo()
    {
        var store = await OpenAsync();
        var old = Start - (long)TimeSpan.FromDays(31).TotalMilliseconds;
        await store.WriteAsync(Batch(2).With(Event(0, old), Event(1, old + 1, id: Guid.NewGuid())), Cancel);

        await store.ApplyRetentionAsync(Cancel);

        Assert.DoesNotContain(SqliteStores.Dump(_directory.FullPath), row => row.StartsWith("event_index", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Retention_OfMostOfTheFile_GivesSpaceBack()
    {
        var store = await OpenAsync();
        var old = Start - (long)TimeSpan.FromDays(31).TotalMilliseconds;
        var batch = Batch(1);
        for (var i = 0; i < 200; i++)
        {
            batch.With(Event(i, old + i) with { Data = new byte[50_000] });
        }

        await store.WriteAsync(batch, Cancel);
        using var database = SqliteStores.Open(_directory.FullPath);
        var before = database.QueryInt64("PRAGMA page_count");

        await store.ApplyRetentionAsync(Cancel);

        Assert.InRange(database.QueryInt64("PRAGMA page_count"), 1, before / 4);
    }

    [Fact]
    public async Task EventsView_ForSqlTools_ShowsReadableRows()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Batch(1).With(Event(0, Start + 7, data: """{"a":"ü"}""")), Cancel);

        using var database = SqliteStores.Open(_directory.FullPath);
        var row = Assert.Single(SqliteStores.Column(database, "SELECT event_id || ' ' || user_id || ' ' || event_time || ' ' || country || ' ' || event_data FROM events"));

        Assert.Equal($$"""{{Event(0, Start + 7).EventId}} {{Alice}} 2026-03-01T00:00:00.007Z Ireland {"a":"ü"}""", row);
    }

    protected override IResultStore Create() => SqliteStores.Create(_directory.FullPath, Options, Time);
}
