using SQLitePCL;

namespace Pipeline.Sqlite;

/// <summary>SQLite refused. The message is one sentence for the person who runs the pipeline; <see cref="Kind"/> is for code.</summary>
public sealed class SqliteFaultException : Exception
{
    /// <summary>Less free space than this counts as a full disk when SQLite only says "I/O error" (it does for its shared-memory file).</summary>
    private const long FullBelowBytes = 1 << 20;

    public SqliteFaultException(SqliteFaultKind kind, string path, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Kind = kind;
        Path = path;
    }

    public SqliteFaultKind Kind { get; }

    /// <summary>The database file.</summary>
    public string Path { get; }

    /// <summary>SQLite's extended result code; 0 when the fault is not one of SQLite's.</summary>
    public int ResultCode { get; private init; }

    /// <summary>Whether the same call can succeed later: somebody else's lock goes away, space is freed.</summary>
    public bool IsTransient => Kind is SqliteFaultKind.Busy or SqliteFaultKind.Full;

    internal static SqliteFaultException FromResult(int code, string path, string detail)
    {
        var kind = KindOf(code, path);
        var message = kind switch
        {
            SqliteFaultKind.Busy => $"{path} is in use by another process that holds it for too long; try again.",
            SqliteFaultKind.Full => $"The disk that holds {path} is full; nothing was written. Free some space and try again.",
            SqliteFaultKind.ReadOnly => $"{path} cannot be written: the file, its directory or its file system is read-only.",
            SqliteFaultKind.Corrupt => $"{path} is damaged ({detail}). Restore it from a copy, or move it away to start with an empty one.",
            SqliteFaultKind.CantOpen => $"{path} cannot be opened: its directory is missing, or the permission is.",
            SqliteFaultKind.Io => $"The operating system failed to read or write {path} ({detail}, code {code}).",
            SqliteFaultKind.Constraint => $"{path} refused a row: {detail}.",
            _ => $"{path}: {detail} (code {code}).",
        };
        return new SqliteFaultException(kind, path, message) { ResultCode = code };
    }

    private static SqliteFaultKind KindOf(int code, string path) => (code & 0xff) switch
    {
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => SqliteFaultKind.Busy,
        raw.SQLITE_FULL => SqliteFaultKind.Full,
        raw.SQLITE_READONLY => SqliteFaultKind.ReadOnly,
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => SqliteFaultKind.Corrupt,
        raw.SQLITE_CONSTRAINT => SqliteFaultKind.Constraint,
        raw.SQLITE_CANTOPEN => DiskIsFull(path) ? SqliteFaultKind.Full : SqliteFaultKind.CantOpen,
        raw.SQLITE_PERM or raw.SQLITE_AUTH => SqliteFaultKind.CantOpen,
        raw.SQLITE_IOERR => DiskIsFull(path) ? SqliteFaultKind.Full : SqliteFaultKind.Io,
        _ => SqliteFaultKind.Other,
    };

    private static bool DiskIsFull(string path)
    {
        try
        {
            var directory = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path));
            return directory is not null && new DriveInfo(directory).AvailableFreeSpace < FullBelowBytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Only a guess is lost: the fault is reported as what SQLite called it.
            return false;
        }
    }
}
