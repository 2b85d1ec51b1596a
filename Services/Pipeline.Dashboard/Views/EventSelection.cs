using Pipeline.Contracts;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>
/// Counts events as they are chosen by several dimensions at once, which no window holds: event by event, from the newest back. Pure; the
/// events are handed over as they are read.
/// </summary>
internal sealed class EventSelection(CrossFilter filter, string metric, string by, string grain)
{
    private readonly long _length = (long)WindowGrain.LengthOf(grain).TotalMilliseconds;
    private readonly Dictionary<(long Start, string Value), Aggregate> _windows = [];
    private readonly Dictionary<long, Aggregate> _hours = [];
    private readonly Dictionary<(string Dimension, string Value), long> _facets = [];
    private readonly SortedDictionary<int, long> _ages = [];

    /// <summary>Events that were looked at.</summary>
    public long Read { get; private set; }

    /// <summary>Events that are as chosen.</summary>
    public long Taken { get; private set; }

    /// <summary>How many of each age, in years.</summary>
    public IReadOnlyDictionary<int, long> Ages => _ages;

    public void Add(StoredEvent e)
    {
        Read++;
        foreach (var dimension in CrossFilter.Dimensions)
        {
            if (filter.Takes(e, except: dimension))
            {
                var facet = (dimension, CrossFilter.ValueOf(e, dimension));
                _facets[facet] = _facets.GetValueOrDefault(facet) + 1;
            }
        }

        if (!filter.Takes(e))
        {
            return;
        }

        Taken++;
        var age = AgeOf(e);
        if (age >= 0)
        {
            _ages[age] = _ages.GetValueOrDefault(age) + 1;
        }

        Add(_hours, e.EventTime - Floor(e.EventTime, 3_600_000), 0);
        double? number = metric switch { "age" => age >= 0 ? age : null, "latency" => e.IngestedAt - e.EventTime, _ => 0 };
        if (number is { } measured)
        {
            Add(_windows, (e.EventTime - Floor(e.EventTime, _length), CrossFilter.ValueOf(e, by)), measured);
        }
    }

    /// <summary>As the store's windows are, ordered like them.</summary>
    public IReadOnlyList<WindowResult> Windows()
        => [.. _windows.OrderBy(w => w.Key.Start).ThenBy(w => w.Key.Value, StringComparer.Ordinal).Select(w => ToResult(metric, by, w.Key.Value, grain, w.Key.Start, w.Value))];

    public IReadOnlyList<WindowResult> Hours() => [.. _hours.OrderBy(h => h.Key).Select(h => ToResult("events", "all", "all", WindowGrain.Hour, h.Key, h.Value))];

    /// <summary>How many events there are of each value of a dimension, if nothing were chosen there; most first.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Facet(string dimension)
        => [.. _facets.Where(f => f.Key.Dimension == dimension).Select(f => KeyValuePair.Create(f.Key.Value, f.Value)).OrderByDescending(f => f.Value).ThenBy(f => f.Key, StringComparer.Ordinal)];

    private static long Floor(long time, long length) => ((time % length) + length) % length;

    private static WindowResult ToResult(string metric, string dimension, string value, string grain, long start, Aggregate aggregate)
        => new(metric, dimension, value, grain, start, aggregate, IsFinal: false, IsLateUpdate: false, []);

    private static void Add<TKey>(Dictionary<TKey, Aggregate> into, TKey key, double number)
        where TKey : notnull
        => into[key] = (into.TryGetValue(key, out var so) ? so : Aggregate.Empty).Merge(new Aggregate(1, number, number * number, number, number));

    // The row keeps the band only; activity has no age of its own.
    private static int AgeOf(StoredEvent e)
    {
        var decoded = default(DecodedEvent);
        return EventDecoder.Decode(e.Data, ref decoded).IsSuccess ? decoded.Age : -1;
    }
}
