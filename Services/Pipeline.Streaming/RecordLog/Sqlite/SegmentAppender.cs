using Microsoft.Win32.SafeHandles;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>Appends the stored batches of one topic to its newest segment. What a transaction writes counts when its row does.</summary>
internal sealed class SegmentAppender(LogConnection log, SegmentFiles files, long topicId, Action<LogStep> probe) : IDisposable
{
    private SafeFileHandle? _file;
    private long _fileOf;
    private long _segment;
    private long _position;
    private int _batches;
    private bool _isUnflushed;

    /// <summary>Whether the current transaction appends to the topic.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Learns where the topic ends; other processes may have appended since the last transaction.</summary>
    public void Open()
    {
        var select = log.Statement("SELECT segment_id, length FROM segments WHERE topic_id = ?1 ORDER BY segment_id DESC LIMIT 1").Bind(1, topicId);
        (_segment, _position) = select.Step() ? (select.GetInt64(0), select.GetInt64(1)) : (0, 0);
        select.Reset();
        if (_segment == 0 || _position >= files.TargetBytes)
        {
            Begin();
        }

        if (_file is null || _fileOf != _segment)
        {
            CloseFile();
            _file = files.OpenToWrite(_segment);
            _fileOf = _segment;
        }

        IsOpen = true;
        probe(LogStep.SegmentOpened);
    }

    /// <summary>Writes a batch and says where.</summary>
    public (long Segment, long Position) Write(ReadOnlySpan<byte> batch)
    {
        var position = _position;
        files.Write(_file!, _segment, batch, position);
        _isUnflushed = true;
        _position += batch.Length;
        _batches++;
        probe(LogStep.BatchWritten);
        return (_segment, position);
    }

    /// <summary>Counts what the transaction wrote. The disk must have it first: a committed row never leads to bytes that are not there.</summary>
    public void Flush(bool durable)
    {
        if (durable)
        {
            FlushToDisk();
        }

        log.Statement("UPDATE segments SET length = ?2, batches = batches + ?3 WHERE segment_id = ?1").Bind(1, _segment).Bind(2, _position).Bind(3, _batches).Execute();
        _batches = 0;
        IsOpen = false;
        probe(LogStep.SegmentFlushed);
    }

    /// <summary>Waits until the disk has everything that was written to the open file.</summary>
    public void FlushToDisk()
    {
        if (_isUnflushed)
        {
            files.Flush(_file!, _fileOf);
            _isUnflushed = false;
        }
    }

    /// <summary>
    /// The transaction was rolled back: the next one writes over what this one wrote. A segment that it began does not exist, and another
    /// process may delete its file, so the file must not be kept open.
    /// </summary>
    public void Abandon()
    {
        _batches = 0;
        IsOpen = false;
        CloseFile();
    }

    public void Dispose() => CloseFile();

    private void Begin()
    {
        // What the topic ends with now is left for good, by this process and all others.
        if (_file is not null)
        {
            FlushToDisk();
        }

        var insert = log.Statement("INSERT INTO segments (topic_id, length, batches) VALUES (?1, 0, 0) RETURNING segment_id").Bind(1, topicId);
        insert.Step();
        _segment = insert.GetInt64(0);
        insert.Execute();
        _position = 0;
    }

    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
        _isUnflushed = false;
    }
}

/// <summary>Places between two steps of a transaction, where a test lets the process die or a disk fail.</summary>
internal enum LogStep
{
    SegmentOpened,
    BatchWritten,
    SegmentFlushed,
    BeforeCommit,
    Committed,
    SegmentsDeleted,
}
