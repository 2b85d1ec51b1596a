namespace Pipeline.Sqlite;

/// <summary>Where the embedded profile keeps everything: log, results, checkpoints, metadata.</summary>
public sealed class DataDirectoryOptions
{
    public const string SectionName = "Data";

    /// <summary>The data directory; relative paths are taken from the current directory. Default: <c>data</c>.</summary>
    public string Directory { get; set; } = "data";

    /// <summary>Whether a commit waits until the disk has it (survives a power cut), not only the operating system (survives a kill). Default: true.</summary>
    public bool Durable { get; set; } = true;
}
