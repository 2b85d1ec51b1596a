using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

public sealed class SqliteRecordLogConformanceTests : RecordLogConformance
{
    private readonly TempDirectory _directory = new();

    protected override IRecordLog Open()
        => new SqliteRecordLog(new DataDirectory(new DataDirectoryOptions { Directory = _directory.FullPath, Durable = false }), new RecordLogOptions(), Time);

    protected override ValueTask CleanUpAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
