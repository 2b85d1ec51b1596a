using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite;

/// <summary><c>results.db</c>: how it is opened and what its tables are.</summary>
internal static class ResultsFile
{
    public const string Name = "results.db";

    // "PRES", pipeline results.
    public const int ApplicationId = 0x50524553;

    /// <summary>
    /// Rows are appended, not updated in random places, so a large page only saves work: fewer splits and fewer writes, 16 % less CPU time per
    /// event than with 16 KiB. A file keeps the size it was made with.
    /// </summary>
    private const int PageSize = 65_536;

    // The writer needs the ends of a few B-trees, a reader the inner pages; the operating system caches the file.
    private const long WriterCacheBytes = 16 << 20;
    private const long ReaderCacheBytes = 4 << 20;

    /// <summary>Length of the write-ahead log at which it is copied into the file: a copy takes some 20 ms and is the longest wait of a write.</summary>
    private const long CheckpointBytes = 8 << 20;

    public static SqliteMigrations Migrations { get; } = new(ApplicationId, ReadScript("Schema.sql"), ReadScript("Migration002.sql"), ReadScript("Migration003.sql"));

    public static SqliteDatabase OpenToWrite(string path, bool durable, TimeSpan busyTimeout)
    {
        var database = SqliteDatabase.Open(path, new SqliteDatabaseOptions
        {
            Durable = durable,
            BusyTimeout = busyTimeout,
            PageSize = PageSize,
            CacheBytes = WriterCacheBytes,
            CheckpointBytes = CheckpointBytes,
            IncrementalVacuum = true,
        });
        try
        {
            // A long read may let the log grow; its space is given back at the next checkpoint that gets through.
            database.Execute($"PRAGMA journal_size_limit = {4 * CheckpointBytes}");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public static SqliteDatabase OpenToRead(string path, TimeSpan busyTimeout)
        => SqliteDatabase.Open(path, new SqliteDatabaseOptions { ReadOnly = true, BusyTimeout = busyTimeout, CacheBytes = ReaderCacheBytes });

    internal static string ReadScript(string name)
    {
        using var stream = typeof(ResultsFile).Assembly.GetManifestResourceStream($"Pipeline.Storage.Sqlite.{name}")
            ?? throw new InvalidOperationException($"The script {name} is not embedded in this assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
