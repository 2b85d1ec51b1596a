using Pipeline.Storage;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Dashboard.Views;

/// <summary>What the page of analytics asks.</summary>
/// <param name="Metric"><c>events</c>, <c>age</c> or <c>latency</c>.</param>
/// <param name="By">The dimension by which it is split.</param>
/// <param name="From">Start of a range of one's own, Unix ms; null for the named range up to now.</param>
/// <param name="To">Its end, exclusive.</param>
public sealed record AnalyticsQuestion(string Range, string Metric, string By, long? From = null, long? To = null)
{
    /// <summary>Which events; all of them unless told.</summary>
    public CrossFilter Filter { get; init; } = new();

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

    /// <summary>Events by age in years, in bins of <see cref="AgeHistogram.Width"/> years.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Ages { get; init; }

    /// <summary>Of each dimension that can be chosen, the events by value in the range, most first: as if nothing were chosen of this one.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<KeyValuePair<string, long>>> Facets { get; init; }

    /// <summary>How many of the newest events in the range were looked at one by one; null when windows answered.</summary>
    public long? EventsRead { get; init; }

    /// <summary>Whether there are older events in the range that were not looked at.</summary>
    public bool IsPartial { get; init; }

    /// <summary>Events by hour: of the last four weeks, or of the events that were chosen.</summary>
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

    /// <summary>Events that are looked at one by one for a choice that no window holds.</summary>
    public const int MaxEvents = 20_000;

    private static readonly (double Below, string Name)[] Lengths =
        [(60, "< 1 min"), (300, "1–5 min"), (900, "5–15 min"), (1800, "15–30 min"), (3600, "30–60 min"), (double.PositiveInfinity, "≥ 1 h")];

    public async ValueTask<Analytics> ReadAsync(AnalyticsQuestion question, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var range = TimeRange.Parse(question.Range, "1h");
        var from = question.From ?? range.From(now) ?? 0;
        var to = question.To ?? now.ToUnixTimeMilliseconds();
        var grain = GrainOf(from, to);
        var sessions = await SessionsAsync(from, to, cancellationToken);
        return question.Filter.IsEmpty
            ? await OfWindowsAsync(question, from, to, grain, sessions, cancellationToken)
            : await OfEventsAsync(question, from, to, grain, sessions, cancellationToken);
    }

    private async Task<Analytics> OfWindowsAsync(AnalyticsQuestion question, long from, long to, string grain, SessionSummary sessions, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var facets = new Dictionary<string, IReadOnlyList<KeyValuePair<string, long>>>(StringComparer.Ordinal);
        foreach (var dimension in CrossFilter.Dimensions)
        {
            facets[dimension] = Totals(await WindowsAsync(Query("events", dimension, grain, from, to), cancellationToken));
        }

        var ages = SketchBytes.Counts((await WindowsAsync(Query("age", "all", grain, from, to), cancellationToken)).SelectMany(w => w.Sketches));
        return new Analytics
        {
            From = from,
            To = to,
            Grain = grain,
            Windows = await WindowsAsync(Query(question.Metric, question.By, grain, from, to), cancellationToken),
            Ages = AgeHistogram.Of(ages),
            Facets = facets,
            Hours = await WindowsAsync(Query("events", "all", WindowGrain.Hour, (now - TimeSpan.FromDays(28)).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds()), cancellationToken),
            Sessions = sessions,
        };
    }

    private async Task<Analytics> OfEventsAsync(AnalyticsQuestion question, long from, long to, string grain, SessionSummary sessions, CancellationToken cancellationToken)
    {
        var selection = new EventSelection(question.Filter, question.Metric, question.By, grain);
        var query = new EventQuery { From = from, To = to, Limit = StorePage };
        do
        {
            var page = await store.QueryEventsAsync(query, cancellationToken);
            foreach (var e in page.Items)
            {
                selection.Add(e);
            }

            query = query with { Cursor = page.Cursor };
        }
        while (query.Cursor is not null && selection.Read < MaxEvents);
        return new Analytics
        {
            From = from,
            To = to,
            Grain = grain,
            // One value of the dimension that is drawn: its windows say it of the whole range.
            Windows = IsInWindows(question)
                ? [.. (await WindowsAsync(Query(question.Metric, question.By, grain, from, to), cancellationToken)).Where(w => w.Value == question.Filter[question.By])]
                : selection.Windows(),
            Ages = AgeHistogram.Of(selection.Ages.Select(a => KeyValuePair.Create((long)a.Key, a.Value))),
            Facets = CrossFilter.Dimensions.ToDictionary(dimension => dimension, selection.Facet, StringComparer.Ordinal),
            EventsRead = selection.Read,
            IsPartial = query.Cursor is not null,
            Hours = selection.Hours(),
            Sessions = sessions,
        };
    }

    /// <summary>Whether windows hold what the chart shows: nothing is chosen, or of the drawn dimension alone.</summary>
    public static bool IsInWindows(AnalyticsQuestion question) => question.Filter.Chosen.All(dimension => dimension == question.By);

    /// <summary>Minutes where they can be told apart, else hours.</summary>
    public static string GrainOf(long from, long to) => to - from <= TimeSpan.FromHours(6).TotalMilliseconds ? WindowGrain.Minute : WindowGrain.Hour;

    private static WindowQuery Query(string metric, string dimension, string grain, long from, long to)
        => new() { Metric = metric, Dimension = dimension, Grain = grain, From = from, To = to, Limit = StorePage };

    private static IReadOnlyList<KeyValuePair<string, long>> Totals(IReadOnlyList<WindowResult> windows)
        => [.. windows.GroupBy(w => w.Value).Select(g => KeyValuePair.Create(g.Key, g.Sum(w => w.Aggregate.Count))).OrderByDescending(t => t.Value).ThenBy(t => t.Key, StringComparer.Ordinal)];

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
