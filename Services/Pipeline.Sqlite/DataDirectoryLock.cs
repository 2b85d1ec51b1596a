using System.Globalization;
using System.Text;

namespace Pipeline.Sqlite;

/// <summary>
/// The lock on a data directory. .NET takes <c>flock</c> with the share mode: <see cref="FileShare.None"/> is exclusive, any other
/// is shared. The holder's process id and start stand in a file beside it, because the locked one cannot be opened by others.
/// </summary>
internal sealed class DataDirectoryLock(FileStream locked) : IDisposable
{
    public static DataDirectoryLock Acquire(string directory, string lockFile, bool exclusive)
    {
        var ownerFile = lockFile + ".owner";
        FileStream stream;
        try
        {
            stream = new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, exclusive ? FileShare.None : FileShare.ReadWrite);
        }
        catch (UnauthorizedAccessException e)
        {
            throw DataDirectory.Refused(directory, e);
        }
        catch (IOException e) when (IsSharingViolation(e))
        {
            throw new DataDirectoryException($"The data directory {directory} is locked by another instance{Owner(ownerFile)}. Stop that one, or choose another directory.", e);
        }
        catch (IOException e)
        {
            throw DataDirectory.Refused(directory, e);
        }

        try
        {
            using var self = System.Diagnostics.Process.GetCurrentProcess();
            File.WriteAllText(ownerFile, string.Create(CultureInfo.InvariantCulture, $"process {self.Id}, started {self.StartTime.ToUniversalTime():yyyy-MM-dd'T'HH:mm:ss'Z'}"), Encoding.UTF8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stream.Dispose();
            throw DataDirectory.Refused(directory, e);
        }

        return new DataDirectoryLock(stream);
    }

    public void Dispose() => locked.Dispose();

    private static string Owner(string ownerFile)
    {
        try
        {
            return $" ({File.ReadAllText(ownerFile, Encoding.UTF8)})";
        }
        catch (IOException)
        {
            // The holder has not written it yet; the refusal is as true without its name.
            return "";
        }
    }

    /// <summary>EWOULDBLOCK on Linux and macOS, a sharing violation on Windows.</summary>
    private static bool IsSharingViolation(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
