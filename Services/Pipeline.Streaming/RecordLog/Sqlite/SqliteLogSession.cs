using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Pipeline.Sqlite;
using Pipeline.Streaming.RecordLog.Groups;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>What one reader sees of the log, through a connection of its own.</summary>
internal sealed class SqliteLogSession(LogReader reader, LogWriter writer, ChangeSignal signal, string group, ILogger logger) : ILogSession
{
    // Commits of this process wake a reader at once; those of others are noticed by looking, less and less often while nothing comes: a look costs a few
    // microseconds, but the thread that is woken for it a hundred times as much.
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LastLook = TimeSpan.FromMilliseconds(250);

    // Disposing must not close the connection under a read.
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicPartition, PartitionOffsets> _offsets = [];
    private Task _nextChange = Task.CompletedTask;
    private TimeSpan _look = FirstLook;
    private long _dataVersion = -1;
    private long _generation;
    private bool _disposed;

    public long Refresh() => Read(() =>
    {
        _nextChange = signal.Next;
        var version = reader.DataVersion();
        if (version != _dataVersion)
        {
            foreach (var offsets in reader.Describe())
            {
                _offsets[offsets.TopicPartition] = offsets;
            }

            _generation = reader.Generation(group);
            _dataVersion = version;
        }

        return _generation;
    });

    public RecordBatch? TryRead(TopicPartition partition, long from) => Read(() =>
    {
        var offsets = _offsets[partition];
        if (from == offsets.HighWatermark)
        {
            return null;
        }

        // Retention may have moved the start since the last look.
        return reader.InSnapshot(partition, now =>
        {
            OffsetRange.CheckEnd(new Position(partition, from), now.HighWatermark);
            var next = from;
            if (next < now.Start)
            {
                RecordLog.Log.ReadBelowStart(logger, partition, next, now.Start);
                next = now.Start;
            }

            return next == now.HighWatermark ? null : reader.Read(partition, next, now.HighWatermark, RecordLimits.MaxBatchRecords);
        });
    });

    public async ValueTask WaitForChangeAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var left = atMost - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            await Task.WhenAny(_nextChange, Task.Delay(left < _look ? left : _look, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            if (_nextChange.IsCompleted || Read(reader.DataVersion) != _dataVersion)
            {
                _look = FirstLook;
                return;
            }

            _look = _look * 2 < LastLook ? _look * 2 : LastLook;
        }
    }

    public async ValueTask<Membership> ChangeGroupAsync(Func<ConsumerGroupState, Membership> change, CancellationToken cancellationToken)
        => await writer.DoAsync(log => log.ChangeGroup(group, change), cancellationToken);

    public ValueTask<IReadOnlyList<Position>> GetStartPositionsAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
        => ValueTask.FromResult(Read<IReadOnlyList<Position>>(() =>
        {
            var committed = reader.Committed(group).ToDictionary(p => p.TopicPartition, p => p.Offset);
            return [.. partitions.Select(p => new Position(p, committed.TryGetValue(p, out var next) ? next : reader.Describe(p).Start))];
        }));

    public async ValueTask CommitAsync(string member, IReadOnlyCollection<Position> next, CancellationToken cancellationToken)
        => await writer.DoAsync(log => log.Commit(group, member, next), cancellationToken);

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            reader.Dispose();
        }
    }

    private T Read<T>(Func<T> read)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return LogFaults.Translating(read);
        }
    }
}
