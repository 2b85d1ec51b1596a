using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>What the page of analytics asks.</summary>
/// <param name="Metric"><c>events</c>, <c>age</c> or <c>latency</c>.</param>
/// <param name="By">The dimension by which it is split.</param>
/// <param name="From">Start of a range of one's own, Unix ms; null for the named range up to now.</param>
/// <param name="To">Its end, exclusive.</param>
public sealed record AnalyticsQuestion(string Range, string Metric, string By, long? From = null, long? To = null)
{
    /// <summary>
    /// A range of one's own from two instants as they stand in an address. A start alone reaches up to now, an end alone has the named
    /// range before it; an empty range is none.
    /// </summary>
    public AnalyticsQuestion Between(string? from, string? to)
    {
        var (start, end) = (Parse(from), Parse(to));
        start ??= end is null ? null : TimeRange.Parse(Range, "1h").From(DateTimeOffset.FromUnixTimeMilliseconds(end.Value));
        return start < end || (start is not null && end is null) ? this with { From = start, To = end } : this;
    }

    private static long? Parse(string? text)
        => DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var instant)
            ? instant.ToUnixTimeMilliseconds()
            : null;
}

/// <summary>What the data say in a range of event time.</summary>
public sealed record Analytics
{
    public required long From { get; init; }

    public required long To { get; init; }

    /// <summary>Windows of the chosen metric by the chosen dimension.</summary>
    public required IReadOnlyList<WindowResult> Windows { get; init; }

    public required string Grain { get; init; }

    /// <summary>Events by age band in the range.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Ages { get; init; }

    /// <summary>Events by nationality in the range, most first.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Nationalities { get; init; }

    /// <summary>Events by hour of the last four weeks.</summary>
    public required IReadOnlyList<WindowResult> Hours { get; init; }

    public required SessionSummary Sessions { get; init; }
}

/// <param name="Lengths">Sessions by length, shortest first.</param>
/// <param name="IsPartial">Whether the range holds more sessions than were read.</param>
public sealed record SessionSummary(long Count, double MeanSeconds, double MeanEvents, IReadOnlyList<KeyValuePair<string, long>> Lengths, bool IsPartial);

internal sealed class AnalyticsReader(IResultStore store, TimeProvider clock)
{
    public static readonly IReadOnlyList<string> Metrics = ["events", "age", "latency"];
    public static readonly IReadOnlyList<string> Dimensions = ["all", "event_type", "nationality", "country", "gender", "age_band", "nationality_gender"];
    public static readonly IReadOnlyList<string> Ranges = ["1h", "6h", "24h", "7d"];

    private const int StorePage = 1000;
    private const int MaxWindows = 30_000;
    private const int MaxSessions = 5000;

    private static readonly (double Below, string Name)[] Lengths =
        [(60, "< 1 min"), (300, "1–5 min"), (900, "5–15 min"), (1800, "15–30 min"), (3600, "30–60 min"), (double.PositiveInfinity, "≥ 1 h")];

    public async ValueTask<Analytics> ReadAsync(AnalyticsQuestion question, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var range = TimeRange.Parse(question.Range, "1h");
        var from = question.From ?? range.From(now) ?? 0;
        var to = question.To ?? now.ToUnixTimeMilliseconds();
        var grain = GrainOf(from, to);
        return new Analytics
        {
            From = from,
            To = to,
            Grain = grain,
            Windows = await WindowsAsync(Query(question.Metric, question.By, grain, from, to), cancellationToken),
            Ages = Totals(await WindowsAsync(Query("events", "age_band", grain, from, to), cancellationToken), byName: true),
            Nationalities = Totals(await WindowsAsync(Query("events", "nationality", grain, from, to), cancellationToken), byName: false),
            Hours = await WindowsAsync(Query("events", "all", WindowGrain.Hour, (now - TimeSpan.FromDays(28)).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds()), cancellationToken),
            Sessions = await SessionsAsync(from, to, cancellationToken),
        };
    }

    /// <summary>Minutes where they can be told apart, else hours.</summary>
    public static string GrainOf(long from, long to) => to - from <= TimeSpan.FromHours(6).TotalMilliseconds ? WindowGrain.Minute : WindowGrain.Hour;

    private static WindowQuery Query(string metric, string dimension, string grain, long from, long to)
        => new() { Metric = metric, Dimension = dimension, Grain = grain, From = from, To = to, Limit = StorePage };

    private static IReadOnlyList<KeyValuePair<string, long>> Totals(IReadOnlyList<WindowResult> windows, bool byName)
    {
        var totals = windows.GroupBy(w => w.Value).Select(g => KeyValuePair.Create(g.Key, g.Sum(w => w.Aggregate.Count)));
        return [.. byName ? totals.OrderBy(t => t.Key, StringComparer.Ordinal) : totals.OrderByDescending(t => t.Value)];
    }

    private async Task<IReadOnlyList<WindowResult>> WindowsAsync(WindowQuery query, CancellationToken cancellationToken)
    {
        var windows = new List<WindowResult>();
        do
        {
            var page = await store.QueryWindowsAsync(query, cancellationToken);
            windows.AddRange(page.Items);
            query = query with { Cursor = page.Cursor };
        }
        while (query.Cursor is not null && windows.Count < MaxWindows);
        return windows;
    }

    private async Task<SessionSummary> SessionsAsync(long from, long to, CancellationToken cancellationToken)
    {
        var query = new SessionQuery { From = from, To = to, Limit = StorePage };
        var counts = new long[Lengths.Length];
        var (count, seconds, events) = (0L, 0.0, 0L);
        do
        {
            var page = await store.QuerySessionsAsync(query, cancellationToken);
            foreach (var session in page.Items)
            {
                var length = (session.End - session.Start) / 1000.0;
                counts[Array.FindIndex(Lengths, l => length < l.Below)]++;
                (count, seconds, events) = (count + 1, seconds + length, events + session.Events);
            }

            query = query with { Cursor = page.Cursor };
        }
        while (query.Cursor is not null && count < MaxSessions);
        return new SessionSummary(
            count, count == 0 ? 0 : seconds / count, count == 0 ? 0 : (double)events / count, [.. Lengths.Select((l, i) => KeyValuePair.Create(l.Name, counts[i]))], query.Cursor is not null);
    }
}
