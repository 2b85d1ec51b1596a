using Microsoft.Extensions.Options;

namespace Pipeline.Sqlite;

/// <summary>The directory of the embedded profile: its place, its files, and who may use it.</summary>
/// <remarks>
/// Locking: a process that wants the directory for itself takes the exclusive lock; services that share one directory take
/// the shared one. The lock is the operating system's on the open file (<c>flock</c>), so it goes with the process however that ends.
/// </remarks>
public sealed class DataDirectory
{
    private const string LockFile = "instance.lock";

    public DataDirectory(IOptions<DataDirectoryOptions> options)
        : this(options.Value)
    {
    }

    public DataDirectory(DataDirectoryOptions options)
    {
        FullPath = Path.GetFullPath(options.Directory);
        Durable = options.Durable;
    }

    public string FullPath { get; }

    /// <inheritdoc cref="DataDirectoryOptions.Durable"/>
    public bool Durable { get; }

    /// <summary>The path of a file in the directory. Creates the directory, not the file.</summary>
    /// <exception cref="DataDirectoryException">The directory cannot be created.</exception>
    public string File(string name)
    {
        Create(FullPath);
        return Path.Combine(FullPath, name);
    }

    /// <summary>The path of a subdirectory, created.</summary>
    /// <exception cref="DataDirectoryException">It cannot be created.</exception>
    public string Subdirectory(string name)
    {
        var path = Path.Combine(FullPath, name);
        Create(path);
        return path;
    }

    /// <summary>Creates the directory and proves that it can be written, with a file that is removed again.</summary>
    /// <exception cref="DataDirectoryException">It cannot: the message says whether it is read-only or full.</exception>
    public void EnsureWritable()
    {
        var probe = File($".probe-{Guid.NewGuid():N}");
        try
        {
            // Real bytes: creating an empty file succeeds on a full disk.
            System.IO.File.WriteAllBytes(probe, new byte[4096]);
            System.IO.File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            DeleteQuietly(probe);
            throw Refused(FullPath, e);
        }
    }

    /// <summary>Keeps every other instance out, until disposed or the process ends.</summary>
    /// <exception cref="DataDirectoryException">Another instance uses the directory; the message names it.</exception>
    public IDisposable LockExclusive() => DataDirectoryLock.Acquire(FullPath, File(LockFile), exclusive: true);

    /// <summary>Keeps an exclusive owner out, and works beside other sharers.</summary>
    /// <exception cref="DataDirectoryException">Another instance has the directory for itself; the message names it.</exception>
    public IDisposable LockShared() => DataDirectoryLock.Acquire(FullPath, File(LockFile), exclusive: false);

    internal static DataDirectoryException Refused(string path, Exception e)
    {
        var why = FileFaults.IsReadOnly(e) ? "it is read-only, or the permission is missing"
            : FileFaults.IsFull(e) ? "the disk that holds it is full"
            : e.Message.TrimEnd('.');
        return new DataDirectoryException($"The data directory {path} cannot be used: {why}.", e);
    }

    private static void Create(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(path, e);
        }
    }

    private static void DeleteQuietly(string path)
    {
        try
        {
            System.IO.File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The refusal that is about to be thrown says more.
        }
    }
}
