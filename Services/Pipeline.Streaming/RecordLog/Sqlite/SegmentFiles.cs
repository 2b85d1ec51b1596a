using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pipeline.Sqlite;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// The files that hold the stored batches: <c>segments/&lt;name&gt;/&lt;segment, 10 digits&gt;.log</c> beside <c>log.db</c>. A segment belongs to one topic
/// and is only appended to; how much of it counts, and what lies where, stands in <c>log.db</c>. Bytes behind that length are of a
/// transaction that did not commit, and are written over by the next.
/// </summary>
internal sealed class SegmentFiles
{
    private const string Extension = ".log";

    private readonly string _directory;

    /// <param name="targetBytes">Length at which a segment gets a successor.</param>
    public SegmentFiles(SqliteDatabase database, long targetBytes)
    {
        _directory = Path.Combine(Path.GetDirectoryName(database.Path)!, "segments", database.QueryText("SELECT name FROM segment_directory"));
        TargetBytes = targetBytes;
    }

    /// <summary>Length at which a segment gets a successor.</summary>
    public long TargetBytes { get; }

    public string PathOf(long segment) => Path.Combine(_directory, segment.ToString("D10", CultureInfo.InvariantCulture) + Extension);

    /// <summary>Opens a segment to be written, and creates it when it is new.</summary>
    /// <exception cref="SqliteFaultException">It cannot be opened or made.</exception>
    public SafeFileHandle OpenToWrite(long segment)
    {
        var path = PathOf(segment);
        try
        {
            MakeDirectory();
            var isNew = !File.Exists(path);
            var handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            if (isNew)
            {
                DirectoryFlush.Flush(_directory);
            }

            return handle;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(path, e);
        }
    }

    /// <exception cref="SqliteFaultException">The disk is full, or failed.</exception>
    public void Write(SafeFileHandle handle, long segment, ReadOnlySpan<byte> bytes, long position)
    {
        try
        {
            RandomAccess.Write(handle, bytes, position);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(PathOf(segment), e);
        }
    }

    /// <summary>Waits until the disk has what was written.</summary>
    /// <exception cref="SqliteFaultException">The disk failed.</exception>
    public void Flush(SafeFileHandle handle, long segment)
    {
        try
        {
            RandomAccess.FlushToDisk(handle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(PathOf(segment), e);
        }
    }

    /// <summary>Opens a segment to be read; <see langword="null"/> when it is gone.</summary>
    /// <exception cref="SqliteFaultException">It cannot be opened.</exception>
    public SafeFileHandle? TryOpenToRead(long segment)
    {
        var path = PathOf(segment);
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(path, e);
        }
    }

    /// <summary>Reads bytes of a segment; fewer than asked for where it ends.</summary>
    /// <exception cref="SqliteFaultException">The disk failed.</exception>
    public int Read(SafeFileHandle handle, long segment, Span<byte> bytes, long position)
    {
        try
        {
            var read = 0;
            while (read < bytes.Length && RandomAccess.Read(handle, bytes[read..], position + read) is > 0 and var more)
            {
                read += more;
            }

            return read;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(PathOf(segment), e);
        }
    }

    /// <summary>Removes a file whose segment is no more. One that cannot be removed now is found by <see cref="Strays"/> later.</summary>
    public void Delete(long segment)
    {
        try
        {
            File.Delete(PathOf(segment));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only room is lost, until the log is opened again.
        }
    }

    /// <summary>Segments that have a file but no row: of a process that ended between the two.</summary>
    public List<long> Strays(LogConnection log)
    {
        var strays = new List<long>();
        if (!Directory.Exists(_directory))
        {
            return strays;
        }

        foreach (var file in Directory.EnumerateFiles(_directory, "*" + Extension))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var segment))
            {
                var select = log.Statement("SELECT 1 FROM segments WHERE segment_id = ?1").Bind(1, segment);
                if (!select.Step())
                {
                    strays.Add(segment);
                }

                select.Reset();
            }
        }

        return strays;
    }

    private void MakeDirectory()
    {
        if (!Directory.Exists(_directory))
        {
            Directory.CreateDirectory(_directory);
            var parent = Path.GetDirectoryName(_directory)!;
            DirectoryFlush.Flush(parent);
            DirectoryFlush.Flush(Path.GetDirectoryName(parent)!);
        }
    }

    private static SqliteFaultException Fault(string path, Exception e) => e switch
    {
        _ when FileFaults.IsFull(e) => new(SqliteFaultKind.Full, path, $"The disk that holds {path} is full; nothing was written. Free some space and try again.", e),
        _ when FileFaults.IsReadOnly(e)
            => new(SqliteFaultKind.ReadOnly, path, $"{path} cannot be used: the file, its directory or its file system is read-only, or the permission is missing.", e),
        _ => new(SqliteFaultKind.Io, path, $"The operating system failed to read or write {path} ({e.Message.TrimEnd('.')}).", e),
    };
}
