using System.Data.Common;
using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using DataDirectory = Pipeline.Sqlite.DataDirectory;

namespace Pipeline.Scheduling.Metadata;

/// <summary><c>metadata.db</c> in the data directory. SQLite has one writer, so that what a write has read cannot change under it.</summary>
internal sealed class SqliteDialect(DataDirectory directory) : MetadataDialect
{
    private readonly string _path = Path.Combine(directory.FullPath, "metadata.db");

    public override string Place => _path;

    public override string Scripts => "Sqlite";

    public override string ForUpdateSkipLocked => "";

    public override string ForUpdate => "";

    public override DbConnection Open()
    {
        directory.File("metadata.db");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            DefaultTimeout = 5,
            ForeignKeys = true,
        }.ToString());
        try
        {
            connection.Open();

            // FULL waits for the disk at each commit: an accepted trigger must survive a power cut.
            connection.Execute($"""
                PRAGMA busy_timeout = 2000;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = {(directory.Durable ? "FULL" : "NORMAL")};
                """);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public override DbTransaction BeginWrite(DbConnection connection) => ((SqliteConnection)connection).BeginTransaction(deferred: false);

    public override void LockMigrations(MetadataSession session)
    {
        // The transaction holds the only write lock from its start.
    }

    public override int ReadVersion(MetadataSession session) => session.Scalar<int>("PRAGMA user_version");

    public override void WriteVersion(MetadataSession session, int version)
        => session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version}"));

    public override string AnyOf(string parameter) => $"IN @{parameter}";

    public override string Rows(string parameter, params IReadOnlyList<(string Column, string Type)> columns)
        => $"(SELECT {string.Join(", ", columns.Select(c => $"json_extract(value, '$.{c.Column}') AS {c.Column}"))} FROM json_each(@{parameter})) AS r";

    public override void Notify(MetadataSession session)
    {
        // Other processes on the file look at it regularly; there is nothing to send.
    }

    public override MetadataStoreException? Translate(Exception fault)
        => fault is SqliteException sqlite ? MetadataStoreException.From(sqlite, _path) : null;

    public override ValueTask DisposeAsync()
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, DefaultTimeout = 5, ForeignKeys = true }.ToString());
        SqliteConnection.ClearPool(connection);
        return ValueTask.CompletedTask;
    }
}
