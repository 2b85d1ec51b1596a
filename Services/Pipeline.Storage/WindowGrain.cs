namespace Pipeline.Storage;

/// <summary>The windows that metrics are kept for, by the name that their rows carry.</summary>
public static class WindowGrain
{
    public const string Minute = "minute";

    public const string Hour = "hour";

    public static IReadOnlyList<string> All { get; } = [Minute, Hour];

    /// <summary>Length of a grain's windows.</summary>
    public static TimeSpan LengthOf(string grain) => grain switch
    {
        Minute => TimeSpan.FromMinutes(1),
        Hour => TimeSpan.FromHours(1),
        _ => throw new ArgumentOutOfRangeException(nameof(grain), grain, $"The grains are {string.Join(", ", All)}."),
    };
}
