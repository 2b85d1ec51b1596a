using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog.Groups;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// The embedded record log: <c>log.db</c> and its segments in the data directory. Durable, and shared by any number of processes on one
/// machine: each has one connection that writes (<see cref="LogWriter"/>), readers have their own and never wait.
/// </summary>
public sealed class SqliteRecordLog : IRecordLog
{
    private readonly string _path;
    private readonly SqliteDatabaseOptions _fileOptions;
    private readonly RecordLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ChangeSignal _signal = new();
    private readonly LogWriter _writer;
    private readonly SegmentFiles _segments;

    // For browsing; readers of groups bring their own.
    private readonly Lock _browsing = new();
    private readonly LogReader _browser;
    private bool _disposed;

    /// <summary>Opens the log and creates it when it does not exist.</summary>
    /// <exception cref="RecordLogException">It cannot be opened: read-only, full, damaged, from a newer version, or something else's file.</exception>
    public SqliteRecordLog(DataDirectory directory, RecordLogOptions options, TimeProvider time, ILogger<SqliteRecordLog>? logger = null)
    {
        _path = directory.File(LogSchema.FileName);
        _fileOptions = LogSchema.Options(directory.Durable);
        _options = options;
        _time = time;
        _logger = logger ?? NullLogger<SqliteRecordLog>.Instance;
        var database = LogFaults.Translating(() => SqliteDatabase.Open(_path, _fileOptions));
        try
        {
            (_segments, _browser) = LogFaults.Translating(() =>
            {
                LogSchema.Migrations.Apply(database);
                var segments = new SegmentFiles(database, options.SegmentBytes);
                RemoveStrays(database, segments);
                return (segments, new LogReader(OpenForReading(), segments));
            });
        }
        catch
        {
            database.Dispose();
            throw;
        }

        _writer = new LogWriter(database, _segments, directory.Durable, _signal.Set);
    }

    /// <summary>For tests that put the file under stress from inside.</summary>
    internal LogWriter Writer => _writer;

    public async ValueTask CreateTopicsAsync(IReadOnlyCollection<TopicSpec> topics, CancellationToken cancellationToken)
        => await _writer.DoAsync(log => log.CreateTopics(topics), cancellationToken);

    public ValueTask<IReadOnlyList<PartitionOffsets>> DescribeAsync(CancellationToken cancellationToken)
        => ValueTask.FromResult(Browse<IReadOnlyList<PartitionOffsets>>(log => log.Describe()));

    public ValueTask<IReadOnlyList<Position>> GetCommittedAsync(string group, CancellationToken cancellationToken)
        => ValueTask.FromResult(Browse<IReadOnlyList<Position>>(log => log.Committed(group)));

    public ValueTask<IReadOnlyList<ConsumerGroup>> ListGroupsAsync(CancellationToken cancellationToken)
        => ValueTask.FromResult(Browse<IReadOnlyList<ConsumerGroup>>(log => log.Groups(_time.GetUtcNow().ToUnixTimeMilliseconds())));

    public ValueTask<IReadOnlyList<PartitionPlace>> LocateAsync(CancellationToken cancellationToken)
        => ValueTask.FromResult(Browse<IReadOnlyList<PartitionPlace>>(log => log.Locate()));

    public ValueTask<long> FindOffsetAsync(TopicPartition topicPartition, long timestamp, CancellationToken cancellationToken)
        => ValueTask.FromResult(Browse(log => log.InSnapshot(topicPartition, offsets => log.Find(offsets, timestamp))));

    public ValueTask<RecordBatch> FetchAsync(Position from, int maxRecords, CancellationToken cancellationToken)
        => ValueTask.FromResult(Browse(log => log.InSnapshot(from.TopicPartition, offsets =>
        {
            OffsetRange.Check(from, offsets.Start, offsets.HighWatermark);
            return log.Read(from.TopicPartition, from.Offset, offsets.HighWatermark, maxRecords);
        })));

    public async ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var removed = 0L;
        while (true)
        {
            // In small steps, so that appends come in between.
            var step = await _writer.DoAsync(log => Retention.RemoveSome(log, now), cancellationToken);
            removed += step.Records;
            if (step.IsDone)
            {
                return removed;
            }
        }
    }

    public IRecordWriter CreateWriter() => new SqliteRecordWriter(_writer);

    public IRecordReader CreateReader(string group)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var session = new SqliteLogSession(new LogReader(LogFaults.Translating(OpenForReading), _segments), _writer, _signal, group, _logger);
        return new GroupReader(session, group, _options.SessionTimeout, _time, _logger);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_browsing)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _browser.Dispose();
        }

        await _writer.DisposeAsync();
    }

    /// <summary>Not read-only for SQLite: a reader of a write-ahead log takes part in its shared memory.</summary>
    private SqliteDatabase OpenForReading() => SqliteDatabase.Open(_path, _fileOptions with { CacheBytes = 2 << 20 });

    // Under the write lock no other process can be between making a file and committing its row.
    private static void RemoveStrays(SqliteDatabase database, SegmentFiles segments)
    {
        var log = new LogConnection(database);
        if (segments.Strays(log).Count == 0)
        {
            return;
        }

        using var transaction = database.BeginImmediate();
        segments.Strays(log).ForEach(segments.Delete);
        transaction.Commit();
    }

    private T Browse<T>(Func<LogReader, T> read)
    {
        lock (_browsing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return LogFaults.Translating(() => read(_browser));
        }
    }
}
