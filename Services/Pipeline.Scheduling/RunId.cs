using System.Globalization;

namespace Pipeline.Scheduling;

/// <summary>Run ids in Airflow's form: <c>scheduled__2026-11-23T15:10:00+00:00</c>, <c>manual__…</c>.</summary>
public static class RunId
{
    /// <summary>Longest accepted run id, as in Airflow's table.</summary>
    public const int MaxLength = 250;

    public static string For(DagRunType type, DateTimeOffset logicalDate) => $"{type.ToWireName()}__{Iso(logicalDate)}";

    private static string Iso(DateTimeOffset time)
    {
        // As Python's isoformat(): microseconds only when there are any.
        var utc = time.ToUniversalTime();
        var format = utc.Ticks % TimeSpan.TicksPerSecond / 10 == 0 ? "yyyy-MM-ddTHH:mm:ss" : "yyyy-MM-ddTHH:mm:ss.ffffff";
        return utc.ToString(format, CultureInfo.InvariantCulture) + "+00:00";
    }
}
