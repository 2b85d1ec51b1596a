namespace Pipeline.Sqlite;

/// <summary>Why SQLite refused, in the kinds that an operator can act on.</summary>
public enum SqliteFaultKind
{
    /// <summary>Anything else: a fault in our own statements, or a condition without a kind of its own.</summary>
    Other,

    /// <summary>Another connection held the file for longer than the busy timeout.</summary>
    Busy,

    /// <summary>The disk, the quota or the file's own size limit is exhausted.</summary>
    Full,

    /// <summary>The file, its directory or the file system may not be written.</summary>
    ReadOnly,

    /// <summary>The bytes of the file are not what SQLite wrote.</summary>
    Corrupt,

    /// <summary>The file cannot be opened: missing directory, missing permission, or a directory in its place.</summary>
    CantOpen,

    /// <summary>The operating system failed a read or a write.</summary>
    Io,

    /// <summary>A unique, foreign key, not-null or check constraint was broken.</summary>
    Constraint,

    /// <summary>The file was written by a newer version of this software.</summary>
    NewerSchema,

    /// <summary>The file is a database of something else.</summary>
    ForeignFile,
}
