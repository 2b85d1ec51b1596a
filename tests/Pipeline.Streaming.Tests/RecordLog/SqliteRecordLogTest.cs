using Microsoft.Extensions.Time.Testing;
using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Sqlite;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

/// <summary>What the tests of the embedded log have in common: a log on a file of its own, a clock, and a look into the file.</summary>
public abstract class SqliteRecordLogTest : IAsyncLifetime
{
    private protected const string Topic = "t";
    private protected static readonly TopicPartition Partition = new(Topic, 0);

    private protected TempDirectory Files { get; } = new();

    private protected FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));

    /// <summary>Logs that are closed at the end of the test; whoever closes one takes it out.</summary>
    private protected List<SqliteRecordLog> Opened { get; } = [];

    private protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    private protected string LogFile => Files.File("log.db");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var log in Opened)
        {
            await log.DisposeAsync();
        }

        Files.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected SqliteRecordLog Open() => Open(new RecordLogOptions().SegmentBytes);

    private protected SqliteRecordLog Open(long segmentBytes)
    {
        var directory = new DataDirectory(new DataDirectoryOptions { Directory = Files.FullPath, Durable = false });
        var log = new SqliteRecordLog(directory, new RecordLogOptions { SegmentBytes = segmentBytes }, Time);
        Opened.Add(log);
        return log;
    }

    private protected async Task<SqliteRecordLog> OpenAsync(int partitions = 1, TimeSpan? retention = null, long segmentBytes = 64 << 20)
    {
        var log = Open(segmentBytes);
        await log.CreateTopicsAsync([new TopicSpec(Topic, partitions, retention)], Stop);
        return log;
    }

    private protected Task<AppendResult> AppendAsync(SqliteRecordLog log, string value, CancellationToken? stop = null) => AppendToAsync(log, Topic, value, stop);

    private protected async Task<AppendResult> AppendToAsync(SqliteRecordLog log, string topic, string value = "v", CancellationToken? stop = null)
    {
        await using var writer = log.CreateWriter();
        using var records = Records.Of(Time.GetUtcNow().ToUnixTimeMilliseconds(), ("k", value));
        return await writer.AppendAsync(topic, records, stop ?? Stop);
    }

    /// <summary>Starts things while the writer thread is held up, so that they wait together.</summary>
    private protected static async Task<List<Task<AppendResult>>> WithBlockedWriterAsync(SqliteRecordLog log, Func<List<Task<AppendResult>>> start)
    {
        using var entered = new SemaphoreSlim(0);
        using var release = new ManualResetEventSlim();
        var blocker = log.Writer.DoAsync(
            _ =>
            {
                entered.Release();
                return release.Wait(TimeSpan.FromSeconds(30));
            },
            Stop);
        await entered.WaitAsync(Stop);
        var started = start();
        release.Set();
        await blocker;
        return started;
    }

    private protected static FileStream OpenShared(string path) => new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    private protected string SegmentFile(long segment)
    {
        using var database = SqliteDatabase.Open(LogFile, new SqliteDatabaseOptions());
        return new SegmentFiles(database, 1).PathOf(segment);
    }

    private protected List<string?> Segments()
        => [.. Directory.GetFiles(Path.GetDirectoryName(SegmentFile(1))!).Select(Path.GetFileName).Order(StringComparer.Ordinal)];

    private protected long Query(string sql)
    {
        using var database = SqliteDatabase.Open(LogFile, new SqliteDatabaseOptions());
        return database.QueryInt64(sql);
    }

    private protected void Execute(string sql)
    {
        using var database = SqliteDatabase.Open(LogFile, new SqliteDatabaseOptions());
        database.Execute(sql);
    }
}
