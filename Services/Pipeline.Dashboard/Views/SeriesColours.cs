using System.Collections.Frozen;

namespace Pipeline.Dashboard.Views;

/// <summary>
/// Colours that are of a value, whatever else a chart shows, as variables of the style sheet: an event type looks the same on every page, and
/// red is for errors. Other values take the next colour of the palette, which has neither the red nor the grey.
/// </summary>
internal static class SeriesColours
{
    /// <summary>What is many values together.</summary>
    public const string Others = "--c6";

    private static readonly FrozenDictionary<string, string> EventTypes = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["profile"] = "--c1",
        ["view"] = "--c2",
        ["update"] = "--c3",
        ["login"] = "--c4",
        ["error"] = "--c5",
        ["logout"] = "--c6",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static string? Of(string dimension, string value) => dimension == "event_type" ? EventTypes.GetValueOrDefault(value) : null;
}
