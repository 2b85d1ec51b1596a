using Microsoft.Win32.SafeHandles;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// Reads stored batches from segments. A file stays open for the batches of one read only: it costs a few microseconds to open, and an
/// open one would keep the room of a segment that retention has removed.
/// </summary>
internal sealed class BatchReader(SegmentFiles files)
{
    /// <summary>Larger buffers (after a very large record) are not kept.</summary>
    private const int KeepBytes = 4 << 20;

    private byte[] _buffer = [];
    private SafeFileHandle? _file;
    private long _fileOf;

    /// <summary>The bytes of a batch, valid until the next call; fewer where the file ends, none when it is gone.</summary>
    public ReadOnlySpan<byte> Read(long segment, long position, int length)
    {
        if (_file is null || _fileOf != segment)
        {
            Close();
            _file = files.TryOpenToRead(segment);
            _fileOf = segment;
        }

        if (_file is null)
        {
            return default;
        }

        var bytes = Buffer(length);
        return bytes[..files.Read(_file, segment, bytes, position)];
    }

    /// <summary>Copies bytes that are about to be gone.</summary>
    public ReadOnlySpan<byte> Keep(ReadOnlySpan<byte> bytes)
    {
        var copy = Buffer(bytes.Length);
        bytes.CopyTo(copy);
        return copy;
    }

    public void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    private Span<byte> Buffer(int length)
    {
        if (_buffer.Length < length || (_buffer.Length > KeepBytes && length <= KeepBytes))
        {
            _buffer = new byte[Math.Max(length, 64 << 10)];
        }

        return _buffer.AsSpan(0, length);
    }
}
