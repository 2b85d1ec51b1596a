namespace Pipeline.Dashboard.Views;

/// <summary>The ranges of time that pages offer, up to now; their names stand in addresses.</summary>
internal sealed record TimeRange(string Name, TimeSpan? Length)
{
    public static IReadOnlyList<TimeRange> All { get; } =
    [
        new("15m", TimeSpan.FromMinutes(15)),
        new("1h", TimeSpan.FromHours(1)),
        new("6h", TimeSpan.FromHours(6)),
        new("24h", TimeSpan.FromHours(24)),
        new("7d", TimeSpan.FromDays(7)),
        new("all", null),
    ];

    /// <summary>The range of this name; <paramref name="otherwise"/> for a name that there is not.</summary>
    public static TimeRange Parse(string? name, string otherwise) => All.FirstOrDefault(r => r.Name == name) ?? All.First(r => r.Name == otherwise);

    /// <summary>Where it starts, Unix ms; null for everything.</summary>
    public long? From(DateTimeOffset now) => Length is { } length ? (now - length).ToUnixTimeMilliseconds() : null;
}
