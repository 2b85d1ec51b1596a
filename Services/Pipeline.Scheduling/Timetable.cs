namespace Pipeline.Scheduling;

/// <summary>
/// When a DAG is due, as a pure function of what was scheduled last and of the time. The clock (Quartz) only asks.
/// </summary>
public abstract class Timetable
{
    /// <summary>Runs only when triggered.</summary>
    public static Timetable Manual { get; } = new ManualTimetable();

    /// <summary>One line for people: <c>every 10 s</c>.</summary>
    public abstract string Summary { get; }

    /// <summary>Intervals of one length, aligned to the Unix epoch, so that every process and every restart computes the same ones.</summary>
    /// <param name="interval">At least a millisecond, a whole number of them.</param>
    public static Timetable Every(TimeSpan interval) => new FixedIntervalTimetable(interval);

    /// <summary>
    /// The interval to schedule next, which may still lie in the future; it is due when its end is reached.
    /// <see langword="null"/> when there is none.
    /// </summary>
    /// <param name="last">The interval that was scheduled last; <see langword="null"/> when none ever was.</param>
    public abstract DataInterval? Next(DataInterval? last, DateTimeOffset now, TimetableBounds bounds);

    private sealed class ManualTimetable : Timetable
    {
        public override string Summary => "manual";

        public override DataInterval? Next(DataInterval? last, DateTimeOffset now, TimetableBounds bounds) => null;
    }
}

/// <summary>Limits that a DAG sets to its timetable.</summary>
/// <param name="StartDate">No interval starts before it; required with <paramref name="Catchup"/>.</param>
/// <param name="Catchup">Whether missed intervals are all run (<see langword="true"/>) or only the latest one.</param>
public readonly record struct TimetableBounds(DateTimeOffset? StartDate, bool Catchup);
