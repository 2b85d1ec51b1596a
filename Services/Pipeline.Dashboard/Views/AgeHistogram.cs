namespace Pipeline.Dashboard.Views;

/// <summary>Ages in bins of a few years. Pure.</summary>
internal static class AgeHistogram
{
    /// <summary>Years of a bin.</summary>
    public const int Width = 5;

    private const int MaxAge = 120;

    /// <summary>From the youngest bin that has somebody to the oldest, those between them included; none without an age.</summary>
    public static IReadOnlyList<KeyValuePair<string, long>> Of(IEnumerable<KeyValuePair<long, long>> ages)
    {
        var bins = new long[(MaxAge / Width) + 1];
        foreach (var (age, count) in ages)
        {
            bins[Math.Clamp(age, 0, MaxAge) / Width] += count;
        }

        var (first, last) = (Array.FindIndex(bins, count => count > 0), Array.FindLastIndex(bins, count => count > 0));
        return first < 0 ? [] : [.. Enumerable.Range(first, last - first + 1).Select(bin => KeyValuePair.Create($"{bin * Width}–{(bin * Width) + Width - 1}", bins[bin]))];
    }
}
