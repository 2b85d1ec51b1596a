using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>Events by weekday (Monday first) and hour of day, in the zone of whoever looks. Pure.</summary>
public sealed class HeatMap
{
    /// <summary>Shades but the one for nothing.</summary>
    public const int Shades = 5;

    private readonly long[,] _counts = new long[7, 24];
    private long _top;

    public static IReadOnlyList<string> Days { get; } = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    public static HeatMap Of(IEnumerable<WindowResult> hours, Func<DateTime, DateTime> toLocal)
    {
        var map = new HeatMap();
        foreach (var hour in hours)
        {
            var local = toLocal(DateTimeOffset.FromUnixTimeMilliseconds(hour.WindowStart).UtcDateTime);
            var day = ((int)local.DayOfWeek + 6) % 7;
            map._counts[day, local.Hour] += hour.Aggregate.Count;
            map._top = Math.Max(map._top, map._counts[day, local.Hour]);
        }

        return map;
    }

    public long At(int day, int hour) => _counts[day, hour];

    /// <summary>0 for nothing, else 1 to <see cref="Shades"/> by the share of the busiest hour.</summary>
    public int ShadeAt(int day, int hour) => _counts[day, hour] == 0 ? 0 : (int)Math.Clamp(Math.Ceiling((double)_counts[day, hour] * Shades / _top), 1, Shades);
}
