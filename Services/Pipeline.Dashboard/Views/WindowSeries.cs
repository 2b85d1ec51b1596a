using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>Lays windows out as the series of a chart. Pure.</summary>
internal static class WindowSeries
{
    /// <param name="from">First window, inclusive, Unix ms.</param>
    /// <param name="to">End, exclusive.</param>
    /// <param name="label">How the start of a window is written.</param>
    /// <param name="figure">What is drawn of a window.</param>
    /// <param name="missing">What is drawn where there is no window: 0 for a count, null for a mean.</param>
    /// <param name="maxSeries">The largest ones are drawn by name, the others together.</param>
    public static ChartSpec Of(
        string kind, IReadOnlyList<WindowResult> windows, string grain, long from, long to, Func<DateTime, string> label, Func<Aggregate, double?> figure, double? missing, int maxSeries = 8)
    {
        var length = (long)WindowGrain.LengthOf(grain).TotalMilliseconds;
        var first = from - (((from % length) + length) % length);
        var count = (int)Math.Max(0, (to - first + length - 1) / length);
        var labels = new string[count];
        for (var i = 0; i < count; i++)
        {
            labels[i] = label(DateTimeOffset.FromUnixTimeMilliseconds(first + (i * length)).UtcDateTime);
        }

        var byValue = windows.GroupBy(w => w.Value).Select(g => (Name: g.Key, Windows: g.ToArray(), Total: g.Sum(w => w.Aggregate.Count))).OrderByDescending(g => g.Total).ToArray();
        var series = byValue.Take(maxSeries).OrderBy(g => g.Name, StringComparer.Ordinal).Select(g => Line(g.Name, g.Windows, SeriesColours.Of(g.Windows[0].Dimension, g.Name))).ToList();
        if (byValue.Length > maxSeries)
        {
            series.Add(Line($"{byValue.Length - maxSeries} others", [.. byValue.Skip(maxSeries).SelectMany(g => g.Windows)], SeriesColours.Others));
        }

        return new ChartSpec(kind, labels, series) { Start = first, Step = length };

        ChartSeries Line(string name, WindowResult[] own, string? colour)
        {
            var merged = new Aggregate?[count];
            foreach (var window in own)
            {
                var at = (window.WindowStart - first) / length;
                if (at >= 0 && at < count)
                {
                    merged[at] = (merged[at] ?? Aggregate.Empty).Merge(window.Aggregate);
                }
            }

            return new ChartSeries(name, [.. merged.Select(a => a is { } aggregate ? figure(aggregate) : missing)], colour);
        }
    }
}
