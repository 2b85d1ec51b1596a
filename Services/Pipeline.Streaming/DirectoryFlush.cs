using System.Runtime.InteropServices;

namespace Pipeline.Streaming;

/// <summary>Puts a directory on the disk: a new or renamed file survives a power cut only when its directory does.</summary>
internal static partial class DirectoryFlush
{
    /// <summary>Waits for the disk. Windows has no such call and needs none.</summary>
    /// <exception cref="IOException">The directory cannot be opened or flushed.</exception>
    public static void Flush(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(directory, 0);
        if (descriptor < 0)
        {
            throw new IOException($"The directory {directory} could not be opened: error {Marshal.GetLastPInvokeError()}.");
        }

        try
        {
            if (FlushToDisk(descriptor) != 0)
            {
                throw new IOException($"The directory {directory} could not be flushed: error {Marshal.GetLastPInvokeError()}.");
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FlushToDisk(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
