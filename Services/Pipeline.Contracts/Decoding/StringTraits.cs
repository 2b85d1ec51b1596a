namespace Pipeline.Contracts;

/// <summary>What a scanned JSON string holds that its reader must know.</summary>
[Flags]
internal enum StringTraits
{
    None = 0,

    /// <summary>Backslash escapes: its bytes are not yet its text.</summary>
    Escaped = 1,

    /// <summary>An escaped U+0000, which ends the text for C code and some databases.</summary>
    Nul = 2,
}
