using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Storage.Tests.Sqlite;

/// <summary>The SQLite store in a directory of the test's own.</summary>
public sealed class SqliteResultStoreTests : ResultStoreConformance
{
    private readonly TempDirectory _directory = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    protected override IResultStore Create() => new SqliteResultStore(
        new DataDirectory(new DataDirectoryOptions { Directory = _directory.FullPath, Durable = false }),
        Microsoft.Extensions.Options.Options.Create(Options),
        Time,
        NullLogger<SqliteResultStore>.Instance);
}
