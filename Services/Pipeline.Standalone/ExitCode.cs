namespace Pipeline.Standalone;

/// <summary>What the process says when it ends. Documented in docs/operations.md; scripts may rely on them.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>Anything without a number of its own.</summary>
    public const int Failure = 1;

    /// <summary>The command line cannot be understood.</summary>
    public const int Usage = 2;

    public const int BadConfiguration = 3;

    public const int PortTaken = 4;

    /// <summary>Another instance uses the data directory.</summary>
    public const int DirectoryLocked = 5;

    public const int DiskFull = 6;

    public const int ReadOnly = 7;

    /// <summary>A database of the data directory is damaged.</summary>
    public const int Damaged = 8;
}
