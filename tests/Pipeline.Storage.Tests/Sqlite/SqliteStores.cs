using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite;

namespace Pipeline.Storage.Tests.Sqlite;

/// <summary>SQLite stores and their file, for tests.</summary>
internal static class SqliteStores
{
    public static SqliteResultStore Create(string directory, StorageOptions? options = null, TimeProvider? time = null) => new(
        new DataDirectory(new DataDirectoryOptions { Directory = directory, Durable = false }),
        Microsoft.Extensions.Options.Options.Create(options ?? new StorageOptions()),
        time ?? TimeProvider.System,
        NullLogger<SqliteResultStore>.Instance);

    public static string FileIn(string directory) => Path.Combine(directory, ResultsFile.Name);

    /// <summary>A connection of the test's own on the store's file.</summary>
    public static SqliteDatabase Open(string directory) => SqliteDatabase.Open(FileIn(directory), new SqliteDatabaseOptions { Durable = false });

    /// <summary>Every row of every table, as SQLite writes it out.</summary>
    public static List<string> Dump(string directory)
    {
        using var database = Open(directory);
        var tables = Column(database, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
        return [.. tables.SelectMany(table => Rows(database, table).Order(StringComparer.Ordinal))];
    }

    public static List<string> Column(SqliteDatabase database, string sql, int column = 0)
    {
        using var statement = database.Prepare(sql);
        var values = new List<string>();
        while (statement.Step())
        {
            values.Add(statement.GetString(column));
        }

        return values;
    }

    private static List<string> Rows(SqliteDatabase database, string table)
    {
        var columns = Column(database, $"SELECT name FROM pragma_table_info('{table}')");
        return Column(database, $"SELECT '{table} ' || {string.Join(" || ' ' || ", columns.Select(c => $"quote(\"{c}\")"))} FROM {table}");
    }
}
