namespace Pipeline.Storage;

/// <summary>The windows that metrics are kept for, by the name that their rows carry.</summary>
public static class WindowGrain
{
    public const string Minute = "minute";

    public const string Hour = "hour";

    /// <summary>The last five minutes, every minute: windows that overlap.</summary>
    public const string RollingFiveMinutes = "rolling_5m";

    public static IReadOnlyList<string> All { get; } = [Minute, Hour, RollingFiveMinutes];

    /// <summary>Length of a grain's windows.</summary>
    public static TimeSpan LengthOf(string grain) => grain switch
    {
        Minute => TimeSpan.FromMinutes(1),
        Hour => TimeSpan.FromHours(1),
        RollingFiveMinutes => TimeSpan.FromMinutes(5),
        _ => throw new ArgumentOutOfRangeException(nameof(grain), grain, $"The grains are {string.Join(", ", All)}."),
    };
}
