namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>Collects records of one partition into a stored batch. Its buffers are kept for the next one.</summary>
internal sealed class BatchEncoder
{
    /// <summary>A batch is closed when it has this many bytes: large enough that rows do not matter, small enough to read one for a few records.</summary>
    private const int TargetBytes = 1 << 20;

    /// <summary>Larger buffers (after a very large record) are not kept.</summary>
    private const int KeepBytes = 4 << 20;

    private byte[] _data = new byte[64 << 10];
    private byte[] _entries = new byte[4 << 10];
    private int _dataLength;

    public int Count { get; private set; }

    public long MinTimestamp { get; private set; }

    public long MaxTimestamp { get; private set; }

    public bool IsFull => _dataLength >= TargetBytes;

    public void Add(in RecordSlices slices, ReadOnlySpan<byte> bytes)
    {
        var end = BatchFormat.HeaderBytes + _dataLength;
        Grow(ref _data, end + bytes.Length);
        bytes.CopyTo(_data.AsSpan(end));
        _dataLength += bytes.Length;

        Grow(ref _entries, (Count + 1) * BatchFormat.EntryBytes);
        BatchFormat.WriteEntry(_entries.AsSpan(Count * BatchFormat.EntryBytes), slices);
        MinTimestamp = Count == 0 ? slices.Timestamp : Math.Min(MinTimestamp, slices.Timestamp);
        MaxTimestamp = Count == 0 ? slices.Timestamp : Math.Max(MaxTimestamp, slices.Timestamp);
        Count++;
    }

    /// <summary>The finished batch, valid until the next <see cref="Add"/> or <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Finish(long baseOffset)
    {
        var entries = _entries.AsSpan(0, Count * BatchFormat.EntryBytes);
        var end = BatchFormat.HeaderBytes + _dataLength;
        Grow(ref _data, end + entries.Length);
        entries.CopyTo(_data.AsSpan(end));
        var batch = _data.AsSpan(0, end + entries.Length);
        BatchFormat.WriteHeader(batch, Count, _dataLength, baseOffset);
        return batch;
    }

    public void Clear()
    {
        Count = 0;
        _dataLength = 0;
        if (_data.Length > KeepBytes)
        {
            _data = new byte[64 << 10];
        }
    }

    private static void Grow(ref byte[] buffer, int atLeast)
    {
        if (buffer.Length < atLeast)
        {
            Array.Resize(ref buffer, Math.Max(atLeast, Math.Min(buffer.Length * 2, int.MaxValue / 2)));
        }
    }
}
