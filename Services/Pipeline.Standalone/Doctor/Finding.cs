namespace Pipeline.Standalone.Doctor;

/// <summary>What a check found, in plain words; a problem says what to do about it.</summary>
internal sealed record Finding(string Check, FindingKind Kind, string Words)
{
    public static Finding Good(string check, string words) => new(check, FindingKind.Good, words);

    public static Finding Note(string check, string words) => new(check, FindingKind.Note, words);

    public static Finding Problem(string check, string words) => new(check, FindingKind.Problem, words);
}

internal enum FindingKind
{
    Good,

    /// <summary>Worth knowing, in nobody's way.</summary>
    Note,
    Problem,
}
