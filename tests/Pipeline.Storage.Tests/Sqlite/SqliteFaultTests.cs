using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite;
using Pipeline.Testing;
using static Pipeline.Storage.Tests.TestRows;

namespace Pipeline.Storage.Tests.Sqlite;

/// <summary>What the operator reads when the file, its directory or its disk is not as it should be.</summary>
public sealed class SqliteFaultTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Initialize_EmptyFile_MakesTheSchema()
    {
        await File.WriteAllBytesAsync(SqliteStores.FileIn(_directory.FullPath), [], Cancel);
        await using var store = SqliteStores.Create(_directory.FullPath);

        await store.InitializeAsync(Cancel);

        using var database = SqliteStores.Open(_directory.FullPath);
        Assert.Equal(ResultsFile.Migrations.Version, database.QueryInt64("PRAGMA user_version"));
        Assert.Equal(2, database.QueryInt64("PRAGMA auto_vacuum"));
    }

    [Fact]
    public async Task Initialize_ManyInstancesAtOnce_AllSucceed()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                await using var store = SqliteStores.Create(_directory.FullPath);
                await store.InitializeAsync(Cancel);
            },
            Cancel)));
    }

    [Fact]
    public async Task Initialize_FileOfANewerVersion_IsRefusedAndLeftAlone()
    {
        await WriteOneEventAsync();
        using (var database = SqliteStores.Open(_directory.FullPath))
        {
            database.Execute("PRAGMA user_version = 99");
        }

        await RefusedAsync("results.db was written by a newer version of Pipeline (schema 99; this one knows up to " + ResultsFile.Migrations.Version);

        using var after = SqliteStores.Open(_directory.FullPath);
        Assert.Equal(99, after.QueryInt64("PRAGMA user_version"));
    }

    [Fact]
    public async Task Initialize_DatabaseOfSomethingElse_IsRefused()
    {
        using (var database = SqliteStores.Open(_directory.FullPath))
        {
            database.Execute("CREATE TABLE somebody_elses (a)");
        }

        await RefusedAsync("results.db is a database of something else");
    }

    [Fact]
    public async Task Initialize_FileIsNoDatabase_IsRefused()
    {
        await File.WriteAllTextAsync(SqliteStores.FileIn(_directory.FullPath), new string('x', 10_000), Cancel);

        await RefusedAsync("results.db is damaged");
    }

    [Fact]
    public async Task Initialize_DirectoryInPlaceOfTheFile_IsRefused()
    {
        Directory.CreateDirectory(SqliteStores.FileIn(_directory.FullPath));

        await RefusedAsync("results.db cannot be opened");
    }

    [Fact]
    public async Task Initialize_FileInPlaceOfTheDirectory_IsRefused()
    {
        var path = _directory.File("taken");
        await File.WriteAllTextAsync(path, "", Cancel);
        await using var store = SqliteStores.Create(path);

        var refused = await Assert.ThrowsAsync<StorageException>(() => store.InitializeAsync(Cancel).AsTask());

        Assert.False(refused.IsTransient);
        Assert.Contains("taken cannot be used", refused.Message);
    }

    [Fact]
    public async Task Initialize_ReadOnlyDirectory_IsRefused()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "the administrator may write everywhere");
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("directories have no Unix modes here");
            return;
        }

        await WriteOneEventAsync();
        File.SetUnixFileMode(SqliteStores.FileIn(_directory.FullPath), UnixFileMode.UserRead);
        File.SetUnixFileMode(_directory.FullPath, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            await RefusedAsync("read-only");
        }
        finally
        {
            File.SetUnixFileMode(_directory.FullPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task Query_DamagedPages_SaysThatTheFileIsDamaged()
    {
        await WriteOneEventAsync();
        await using (var file = File.OpenWrite(SqliteStores.FileIn(_directory.FullPath)))
        {
            // Beyond the first page, which holds the header and the schema.
            file.Position = 16_384;
            var garbage = new byte[file.Length - file.Position];
            new Random(3).NextBytes(garbage);
            await file.WriteAsync(garbage, Cancel);
        }

        await using var store = SqliteStores.Create(_directory.FullPath);
        var damaged = await Assert.ThrowsAsync<StorageException>(() => store.QueryEventsAsync(new EventQuery(), Cancel).AsTask());

        Assert.False(damaged.IsTransient);
        Assert.Contains("results.db is damaged", damaged.Message);
        Assert.Contains("Restore it from a copy", damaged.Message);
    }

    [Fact]
    public async Task Write_DiskIsFull_IsTransientWritesNothingAndGoesOnWhenThereIsSpace()
    {
        await WriteOneEventAsync();
        SqliteDatabase? database = null;
        using var writes = new WriteQueue(() =>
        {
            database = ResultsFile.OpenToWrite(SqliteStores.FileIn(_directory.FullPath), durable: false, TimeSpan.FromSeconds(5));

            // SQLite takes it for as large as the file is.
            database.Execute("PRAGMA max_page_count = 1");
            return new ResultWriter(database);
        });
        var big = Batch(9).With(Enumerable.Range(1, 50).Select(i => Event(i) with { Data = new byte[20_000] }).ToArray());

        var full = await Assert.ThrowsAsync<StorageException>(() => writes.WriteAsync(big, Cancel).AsTask());
        var rowsWhenFull = database!.QueryInt64("SELECT count(*) FROM user_events");
        var offsetWhenFull = database.QueryInt64("SELECT max(next_offset) FROM partition_progress");
        database.Execute("PRAGMA max_page_count = 4000");
        await writes.WriteAsync(big, Cancel);

        Assert.True(full.IsTransient);
        Assert.Contains("is full; nothing was written", full.Message);
        Assert.Equal((1, 1), (rowsWhenFull, offsetWhenFull));
        Assert.Equal(51, database.QueryInt64("SELECT count(*) FROM user_events"));
        Assert.Equal(51, database.QueryInt64("SELECT sum(entries) FROM event_index_runs WHERE index_kind = 1"));
    }

    private async Task WriteOneEventAsync()
    {
        await using var store = SqliteStores.Create(_directory.FullPath);
        await store.WriteAsync(Batch(1).With(Event(0)), Cancel);
    }

    private async Task RefusedAsync(string sentence)
    {
        await using var store = SqliteStores.Create(_directory.FullPath);
        var refused = await Assert.ThrowsAsync<StorageException>(() => store.InitializeAsync(Cancel).AsTask());
        Assert.False(refused.IsTransient);
        Assert.Contains(sentence, refused.Message);
    }
}
