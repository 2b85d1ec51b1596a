namespace Pipeline.Dashboard.Components.Layout;

/// <summary>The pages as the navigation shows them; the one list of them.</summary>
/// <param name="Key">The letter that leads there after <c>g</c>.</param>
internal sealed record Section(string Path, string Name, char Key, string Icon)
{
    public static IReadOnlyList<Section> All { get; } =
    [
        new("/", "Overview", 'o', "M3 12h4l3-8 4 16 3-8h4"),
        new("/topics", "Topics", 't', "M4 6h16M4 12h16M4 18h10"),
        new("/quality", "Quality", 'q', "M4 12l5 5L20 6"),
        new("/dead-letters", "Dead letters", 'd', "M3 6h18v12H3zM3 7l9 6 9-6"),
        new("/analytics", "Analytics", 'a', "M4 20V10M10 20V4M16 20v-7M22 20H2"),
        new("/runs", "Runs", 'r', "M8 5v14l11-7z"),
        new("/components", "Health", 'h', "M12 20s-8-5-8-11a4.5 4.5 0 0 1 8-2.8A4.5 4.5 0 0 1 20 9c0 6-8 11-8 11z"),
    ];
}
