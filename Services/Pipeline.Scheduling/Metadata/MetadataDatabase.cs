using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using DataDirectory = Pipeline.Sqlite.DataDirectory;

namespace Pipeline.Scheduling.Metadata;

/// <summary>
/// <c>metadata.db</c>: connections, transactions and versioned migrations. One write at a time per process (SQLite has one
/// writer anyway; waiting here is fair, waiting in SQLite is polling); reads go beside it.
/// </summary>
internal sealed class MetadataDatabase(DataDirectory directory) : IAsyncDisposable
{
    private static readonly (int Version, string Resource)[] Migrations = [(1, "001-airflow-tables.sql")];

    private readonly SemaphoreSlim _writing = new(1, 1);
    private SqliteConnection? _writer;

    public string Path { get; } = System.IO.Path.Combine(directory.FullPath, "metadata.db");

    /// <summary>Creates the file and brings it to the newest version.</summary>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        directory.File("metadata.db");
        await WriteAsync(
            (connection, transaction) =>
            {
                var version = connection.ExecuteScalar<int>("PRAGMA user_version", transaction: transaction);
                var newest = Migrations[^1].Version;
                if (version > newest)
                {
                    throw new MetadataStoreException(
                        $"The scheduler's metadata database {Path} has version {version}, made by a newer version of this program, which knows up to {newest}.", isTransient: false);
                }

                foreach (var migration in Migrations.Where(migration => migration.Version > version))
                {
                    connection.Execute(ReadScript(migration.Resource), transaction: transaction);
                    connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {migration.Version}"), transaction: transaction);
                }

                return 0;
            },
            cancellationToken);
    }

    /// <summary>Runs a function in a transaction that holds the write lock from its start.</summary>
    /// <exception cref="MetadataStoreException">Nothing was written.</exception>
    public async Task<T> WriteAsync<T>(Func<SqliteConnection, SqliteTransaction, T> write, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            _writer ??= Open();
            using var transaction = _writer.BeginTransaction(deferred: false);
            var result = write(_writer, transaction);
            transaction.Commit();
            return result;
        }
        catch (SqliteException fault)
        {
            // A connection that saw an I/O fault may hold a stale view of the file; the next write opens a fresh one.
            _writer?.Dispose();
            _writer = null;
            throw MetadataStoreException.From(fault, Path);
        }
        finally
        {
            _writing.Release();
        }
    }

    public T Read<T>(Func<SqliteConnection, T> read)
    {
        try
        {
            using var connection = Open();
            return read(connection);
        }
        catch (SqliteException fault)
        {
            throw MetadataStoreException.From(fault, Path);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _writing.WaitAsync(CancellationToken.None);
        if (_writer is not null)
        {
            await _writer.DisposeAsync();
            SqliteConnection.ClearPool(_writer);
        }

        _writing.Dispose();
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path,
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

    private static string ReadScript(string resource)
    {
        using var stream = typeof(MetadataDatabase).Assembly.GetManifestResourceStream($"Pipeline.Scheduling.Metadata.{resource}")
            ?? throw new InvalidOperationException($"The migration {resource} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
