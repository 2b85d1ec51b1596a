namespace Pipeline.Scheduling;

/// <summary>
/// When a DAG is due, as a pure function of what was scheduled last and of the time. The clock (Quartz) only asks.
/// </summary>
public abstract class Timetable
{
    /// <summary>Runs only when triggered.</summary>
    public static Timetable Manual { get; } = new ManualTimetable();

    /// <summary>Runs again as soon as the run before has ended; needs <see cref="DagBuilder.MaxActiveRuns"/> 1.</summary>
    public static Timetable Continuous { get; } = new ContinuousTimetable();

    /// <summary>One line for people: <c>every 10 s</c>.</summary>
    public abstract string Summary { get; }

    /// <summary>Whether time alone makes runs.</summary>
    public virtual bool IsScheduled => true;

    /// <summary>The assets whose updates make runs; <see langword="null"/> when none do.</summary>
    public virtual AssetCondition? Assets => null;

    /// <summary>Intervals of one length, aligned to the Unix epoch, so that every process and every restart computes the same ones.</summary>
    /// <param name="interval">At least a millisecond, a whole number of them.</param>
    public static Timetable Every(TimeSpan interval) => new FixedIntervalTimetable(interval);

    /// <summary>A Unix cron expression: <c>minute hour day month weekday</c>, or <c>@hourly</c>, <c>@daily</c>, …; a run covers the time from one occurrence to the next.</summary>
    /// <param name="expression">Five fields, with <c>*</c>, lists, ranges, steps, names, <c>L</c>, <c>W</c> and <c>#</c>.</param>
    /// <param name="timeZone">
    /// Its IANA name. Where the clock goes forward, a fixed time that does not exist is taken at the end of the gap; where it goes back, a fixed time
    /// is taken once and a repeating one (with <c>*</c>, a range or a step in its minute or hour) in both passes.
    /// </param>
    /// <exception cref="FormatException">The expression is wrong, never occurs, or the time zone is unknown.</exception>
    public static Timetable Cron(string expression, string timeZone = "UTC") => new CronTimetable(expression, timeZone);

    /// <summary>Runs when all of these have been updated since the run before.</summary>
    public static Timetable OnAssets(params IReadOnlyList<Asset> assets) => new AssetTimetable(new AssetCondition(assets, IsAll: true));

    /// <summary>Runs when one of these has been updated.</summary>
    public static Timetable OnAnyAsset(params IReadOnlyList<Asset> assets) => new AssetTimetable(new AssetCondition(assets, IsAll: false));

    /// <summary>
    /// The interval to schedule next, which may still lie in the future; it is due when its end is reached.
    /// <see langword="null"/> when there is none.
    /// </summary>
    /// <param name="last">The interval that was scheduled last; <see langword="null"/> when none ever was.</param>
    public abstract DataInterval? Next(DataInterval? last, DateTimeOffset now, TimetableBounds bounds);

    /// <summary>The intervals whose logical dates lie in [<paramref name="from"/>, <paramref name="to"/>], oldest first: what a backfill runs.</summary>
    public IEnumerable<DataInterval> Between(DateTimeOffset from, DateTimeOffset to)
    {
        var bounds = new TimetableBounds(from, Catchup: true, to);
        for (var next = Next(null, DateTimeOffset.MaxValue, bounds); next is { } interval; next = Next(interval, DateTimeOffset.MaxValue, bounds))
        {
            yield return interval;
        }
    }

    private sealed class ManualTimetable : Timetable
    {
        public override string Summary => "manual";

        public override bool IsScheduled => false;

        public override DataInterval? Next(DataInterval? last, DateTimeOffset now, TimetableBounds bounds) => null;
    }
}

/// <summary>Limits that a DAG sets to its timetable.</summary>
/// <param name="StartDate">No interval starts before it; required with <paramref name="Catchup"/>.</param>
/// <param name="Catchup">Whether missed intervals are all run (<see langword="true"/>) or only the latest one.</param>
/// <param name="EndDate">No interval starts after it.</param>
public readonly record struct TimetableBounds(DateTimeOffset? StartDate, bool Catchup, DateTimeOffset? EndDate = null)
{
    internal DataInterval? Limit(DataInterval interval) => interval.Start > EndDate ? null : interval;
}
