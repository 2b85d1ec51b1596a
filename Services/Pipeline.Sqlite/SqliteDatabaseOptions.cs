namespace Pipeline.Sqlite;

/// <summary>How a connection is opened. Page size and vacuum mode only matter for a file that does not exist yet.</summary>
public sealed record SqliteDatabaseOptions
{
    /// <summary>Whether a commit waits until the disk has it (<c>synchronous = FULL</c>) or only until the operating system has it (<c>NORMAL</c>). Default: true.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Opens an existing file for reading only. Default: false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>How long a statement waits for another connection's lock. Default: 10 s.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Page size in bytes, a power of two from 512 to 65,536. Default: 4,096.</summary>
    public int PageSize { get; init; } = 4096;

    /// <summary>Page cache of this connection in bytes. Default: 8 MiB.</summary>
    public long CacheBytes { get; init; } = 8L << 20;

    /// <summary>How much of the file reads go through a memory map for, in bytes; 0 turns it off. Default: 0.</summary>
    public long MemoryMapBytes { get; init; }

    /// <summary>The write-ahead log is copied into the file when it is longer than this, in bytes; 0 leaves that to the caller. Default: 4 MiB.</summary>
    public long CheckpointBytes { get; init; } = 4L << 20;

    /// <summary>Whether freed pages can be given back to the file system (<c>PRAGMA incremental_vacuum</c>). Default: false.</summary>
    public bool IncrementalVacuum { get; init; }
}
