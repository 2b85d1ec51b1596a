using System.Globalization;
using Pipeline.Sqlite;

namespace Pipeline.Streaming.State;

/// <summary>
/// Checkpoints as files: <c>&lt;directory&gt;/&lt;group&gt;/&lt;topic&gt;-&lt;partition&gt;/&lt;sequence, 20 digits&gt;.ckpt</c>. A file appears
/// under its name only when it is complete and on the disk: written as <c>.tmp</c>, flushed, renamed, directory flushed.
/// </summary>
/// <param name="durable">Whether to wait for the disk; false survives a killed process but not a power cut.</param>
public sealed class FileCheckpointStore(string directory, string group, bool durable = true) : ICheckpointStore
{
    private const string Extension = ".ckpt";

    public async ValueTask SaveAsync(TopicPartition partition, long sequence, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var folder = FolderOf(partition);
        var file = FileOf(folder, sequence);
        var temporary = file + ".tmp";
        try
        {
            Directory.CreateDirectory(folder);
            await using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.None))
            {
                await stream.WriteAsync(bytes, cancellationToken);
                stream.Flush(flushToDisk: durable);
            }

            File.Move(temporary, file, overwrite: true);
            if (durable)
            {
                DirectoryFlush.Flush(folder);
            }

            RemoveOld(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The checkpoint {file} could not be written: {e.Message}", FileFaults.IsFull(e), e);
        }
    }

    public ValueTask<IReadOnlyList<long>> ListAsync(TopicPartition partition, CancellationToken cancellationToken)
    {
        var folder = FolderOf(partition);
        return ValueTask.FromResult<IReadOnlyList<long>>(Directory.Exists(folder) ? Sequences(folder) : []);
    }

    public async ValueTask<ReadOnlyMemory<byte>> LoadAsync(TopicPartition partition, long sequence, CancellationToken cancellationToken)
    {
        var file = FileOf(FolderOf(partition), sequence);
        try
        {
            return await File.ReadAllBytesAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The checkpoint {file} could not be read: {e.Message}", isTransient: false, e);
        }
    }

    public ValueTask ClearAsync(TopicPartition partition, CancellationToken cancellationToken)
    {
        var folder = FolderOf(partition);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    private static string FileOf(string folder, long sequence)
        => Path.Combine(folder, sequence.ToString("D20", CultureInfo.InvariantCulture) + Extension);

    private static List<long> Sequences(string folder)
    {
        var sequences = new List<long>();
        foreach (var file in Directory.EnumerateFiles(folder, "*" + Extension))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
            {
                sequences.Add(sequence);
            }
        }

        sequences.Sort((a, b) => b.CompareTo(a));
        return sequences;
    }

    private static void RemoveOld(string folder)
    {
        foreach (var sequence in Sequences(folder).Skip(CheckpointRetention.Kept))
        {
            File.Delete(FileOf(folder, sequence));
        }
    }

    private string FolderOf(TopicPartition partition) => Path.Combine(directory, group, partition.ToString());
}
