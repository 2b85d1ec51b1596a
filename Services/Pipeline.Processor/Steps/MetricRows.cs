using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor.Steps;

/// <summary>Takes one row of a window.</summary>
/// <param name="sketch">Null when the metric has none for this dimension.</param>
internal delegate void MetricRowHandler(string metric, string dimension, string value, in Aggregate aggregate, ISketch? sketch);

/// <summary>
/// Rolls the finest groups of a window up into rows by dimension. The same object is used for window after window, so that
/// nothing is allocated. Not thread-safe.
/// </summary>
/// <param name="withUnknown">
/// Whether the group of those of whom it is not known is written even when nobody is in it. Where users' facts come from a join, an
/// earlier version of the row may have counted events that have found their user since.
/// </param>
internal sealed class MetricRows(bool withUnknown)
{
    // Unknown is the first value of every closed set.
    private const int Unknown = 0;

    private static readonly string[] NationalityNames = [.. Enum.GetValues<Nationality>().Select(n => n.WireName())];
    private static readonly string[] GenderNames = [.. Enum.GetValues<Gender>().Select(g => g.WireName())];
    private static readonly string[] EventTypeNames = [.. Enum.GetValues<EventType>().Select(t => t.WireName())];
    private static readonly string[] CountryNames = [.. Enum.GetValues<Nationality>().Select(n => Country.Of(n).Name)];
    private static readonly string[] NationalityGenderNames =
        [.. NationalityNames.SelectMany(n => GenderNames.Select(g => string.Intern($"{n}/{g}")))];

    private readonly MetricCell[] _byNationality = new MetricCell[NationalityNames.Length];
    private readonly MetricCell[] _byGender = new MetricCell[GenderNames.Length];
    private readonly MetricCell[] _byAgeBand = new MetricCell[AgeBands.Names.Length];
    private readonly MetricCell[] _byEventType = new MetricCell[EventTypeNames.Length];
    private readonly MetricCell[] _byNationalityGender = new MetricCell[NationalityGenderNames.Length];
    private readonly HyperLogLog _users = new();
    private readonly QuantileSketch _latency = new();
    private readonly QuantileSketch _age = new();
    private MetricCell _all;

    public void Write(MetricContent content, MetricRowHandler add)
    {
        RollUp(content.Cells.Keys, content.Cells.Values);
        content.UsersByEventType.MergeInto(_users);
        content.LatencyByEventType.MergeInto(_latency);
        content.AgeByNationality.MergeInto(_age);

        AddCell(add, "all", "all", in _all, _latency, _age);
        AddUsers(add, "all", "all", _users);
        for (var type = 0; type < EventTypeNames.Length; type++)
        {
            AddCell(add, "event_type", EventTypeNames[type], in _byEventType[type], content.LatencyByEventType.Find(type), null);
            AddUsers(add, "event_type", EventTypeNames[type], content.UsersByEventType.Find(type));
        }

        for (var nationality = 0; nationality < NationalityNames.Length; nationality++)
        {
            AddCell(add, "nationality", NationalityNames[nationality], in _byNationality[nationality], null, content.AgeByNationality.Find(nationality), withUnknown && nationality == Unknown);
            AddUsers(add, "nationality", NationalityNames[nationality], content.UsersByNationality.Find(nationality), withUnknown && nationality == Unknown);
        }

        AddCells(add, "country", CountryNames, _byNationality);
        AddCells(add, "gender", GenderNames, _byGender);
        AddCells(add, "age_band", AgeBands.Names, _byAgeBand);
        AddCells(add, "nationality_gender", NationalityGenderNames, _byNationalityGender);
    }

    private static Aggregate Counted(long count) => count == 0 ? Aggregate.Empty : new(count, count, count, 1, 1);

    private static Aggregate Of(in Moments moments) => moments.Count == 0 ? Aggregate.Empty : new(moments.Count, moments.Sum, (double)moments.SumOfSquares, moments.Min, moments.Max);

    private void AddCells(MetricRowHandler add, string dimension, string[] names, MetricCell[] cells)
    {
        for (var i = 0; i < names.Length; i++)
        {
            AddCell(add, dimension, names[i], in cells[i], null, null, withUnknown && i == Unknown);
        }
    }

    private static void AddCell(MetricRowHandler add, string dimension, string name, in MetricCell cell, ISketch? latency, ISketch? age, bool evenWhenEmpty = false)
    {
        if (cell.Events == 0 && !evenWhenEmpty)
        {
            return;
        }

        add("events", dimension, name, Counted(cell.Events), null);
        add("latency", dimension, name, Of(in cell.Latency), latency);
        if (cell.Age.Count > 0)
        {
            add("age", dimension, name, Of(in cell.Age), age);
        }
    }

    private static void AddUsers(MetricRowHandler add, string dimension, string name, HyperLogLog? users, bool evenWhenEmpty = false)
    {
        if (users is not null || evenWhenEmpty)
        {
            add("users", dimension, name, Counted(users?.Estimate() ?? 0), users);
        }
    }

    private void RollUp(ReadOnlySpan<MetricKey> keys, ReadOnlySpan<MetricCell> values)
    {
        _all = default;
        Array.Clear(_byNationality);
        Array.Clear(_byGender);
        Array.Clear(_byAgeBand);
        Array.Clear(_byEventType);
        Array.Clear(_byNationalityGender);
        for (var i = 0; i < keys.Length; i++)
        {
            ref readonly var key = ref keys[i];
            ref readonly var cell = ref values[i];
            _all.Merge(in cell);
            _byNationality[(int)key.Nationality].Merge(in cell);
            _byGender[(int)key.Gender].Merge(in cell);
            _byAgeBand[key.AgeBand].Merge(in cell);
            _byEventType[(int)key.EventType].Merge(in cell);
            _byNationalityGender[((int)key.Nationality * GenderNames.Length) + (int)key.Gender].Merge(in cell);
        }
    }
}
