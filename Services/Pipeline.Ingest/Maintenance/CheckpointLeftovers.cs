namespace Pipeline.Ingest.Maintenance;

/// <summary>
/// Files among the checkpoints that nobody will read: those of partitions that the log does not have any more, and half-written ones of
/// a process that was killed. The last checkpoints of a live partition are the processor's own business.
/// </summary>
internal static class CheckpointLeftovers
{
    /// <summary>Nobody writes one file for so long.</summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    /// <param name="root">The directory with a directory per group, and in it one per partition.</param>
    /// <param name="partitions">Those that the log has, by the names of their directories.</param>
    /// <returns>How many files were removed.</returns>
    public static int Remove(string root, IReadOnlySet<string> partitions, DateTimeOffset now)
    {
        var directory = new DirectoryInfo(root);
        if (!directory.Exists || partitions.Count == 0)
        {
            // A log without partitions is one that could not be asked, or a new one: no reason to remove anything.
            return 0;
        }

        var removed = 0;
        foreach (var partition in directory.EnumerateDirectories().SelectMany(group => group.EnumerateDirectories()).ToArray())
        {
            var files = partition.GetFiles();
            var isKnown = partitions.Contains(partition.Name);
            var leftovers = files.Where(file => file.LastWriteTimeUtc < (now - Abandoned).UtcDateTime && (!isKnown || file.Extension == ".tmp")).ToArray();
            foreach (var file in leftovers)
            {
                file.Delete();
                removed++;
            }

            if (!isKnown && leftovers.Length == files.Length)
            {
                partition.Delete();
            }
        }

        return removed;
    }
}
