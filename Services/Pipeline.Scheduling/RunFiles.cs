using System.Text;
using Pipeline.Sqlite;

namespace Pipeline.Scheduling;

/// <summary>
/// The files of one run, <c>runs/&lt;dag&gt;/&lt;run&gt;/</c> in the data directory: how tasks hand large data to each other by
/// reference. A file appears whole or not at all. Removed some time after the run has finished.
/// </summary>
public sealed class RunFiles
{
    private const string Root = "runs";

    private readonly string _directory;

    internal RunFiles(string dataDirectory, string dagId, string runId)
        => _directory = Path.Combine(dataDirectory, Root, ToFileName(dagId), ToFileName(runId));

    /// <summary>Writes a file beside its place and then moves it there, replacing what an earlier try left.</summary>
    /// <returns>The length in bytes.</returns>
    /// <exception cref="DataDirectoryException">The directory is read-only, or the permission is missing: nothing of this scheduler's tasks can be written.</exception>
    public async Task<long> WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        var stream = Create(temporary);
        try
        {
            long length;
            await using (stream)
            {
                await write(stream, cancellationToken);
                await stream.FlushAsync(cancellationToken);

                // Before the rename, or a power cut can leave the name with nothing behind it.
                stream.Flush(flushToDisk: true);
                length = stream.Length;
            }

            File.Move(temporary, path, overwrite: true);
            return length;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Whether there is such a file here. A run that an instance of another machine has taken over has left its files behind.</summary>
    public bool Exists(string name) => File.Exists(PathOf(name));

    /// <exception cref="FileNotFoundException">There is no such file: it was never written, or the run's files were removed after their time.</exception>
    public Stream OpenRead(string name)
    {
        var path = PathOf(name);
        return File.Exists(path)
            ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024, useAsync: true)
            : throw new FileNotFoundException($"The run has no file '{name}' (any more); run it from the task that writes it.", path);
    }

    /// <summary>Removes the directories of runs in which nothing was written since a time. Returns how many.</summary>
    internal static int Prune(string dataDirectory, DateTimeOffset writtenBefore, Func<string, bool> isActive)
    {
        var root = new DirectoryInfo(Path.Combine(dataDirectory, Root));
        if (!root.Exists)
        {
            return 0;
        }

        var removed = 0;
        foreach (var run in root.EnumerateDirectories().SelectMany(dag => dag.EnumerateDirectories()))
        {
            if (run.LastWriteTimeUtc < writtenBefore.UtcDateTime && !isActive(run.FullName))
            {
                run.Delete(recursive: true);
                removed++;
            }
        }

        return removed;
    }

    internal string FullPath => _directory;

    private FileStream Create(string path)
    {
        try
        {
            Directory.CreateDirectory(_directory);
            return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 64 * 1024, useAsync: true);
        }
        catch (Exception e) when (FileFaults.IsReadOnly(e))
        {
            throw new DataDirectoryException($"{path} could not be written: its directory or its file system is read-only, or the permission is missing.", e);
        }
    }

    private string PathOf(string name)
        => name == Path.GetFileName(name) && name.Length > 0 && name[0] != '.'
            ? Path.Combine(_directory, name)
            : throw new ArgumentException($"'{name}' is not a plain file name.", nameof(name));

    /// <summary>Percent-encodes what some file system does not take in a name (the colons of a run id), so that ids and names stay one to one.</summary>
    private static string ToFileName(string id)
    {
        var name = new StringBuilder(id.Length);
        foreach (var b in Encoding.UTF8.GetBytes(id))
        {
            var plain = char.IsAsciiLetterOrDigit((char)b) || b is (byte)'_' or (byte)'-' or (byte)'+' || (b == '.' && name.Length > 0);
            _ = plain ? name.Append((char)b) : name.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return name.ToString();
    }
}
