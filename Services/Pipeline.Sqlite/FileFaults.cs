namespace Pipeline.Sqlite;

/// <summary>What an exception of a file operation says of the disk, whatever the operating system.</summary>
public static class FileFaults
{
    // Of the C library; .NET hands them on as HResult.
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;
    private const int QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>No space is left: the same call can succeed when some is made.</summary>
    public static bool IsFull(Exception e) => e is IOException { HResult: NoSpace or QuotaExceeded or WindowsDiskFull };

    /// <summary>The file system is read-only, or the permission is missing.</summary>
    public static bool IsReadOnly(Exception e) => e is UnauthorizedAccessException or IOException { HResult: ReadOnlyFileSystem };
}
