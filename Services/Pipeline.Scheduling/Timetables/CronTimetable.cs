using Cronos;

namespace Pipeline.Scheduling;

internal sealed class CronTimetable : Timetable
{
    private readonly CronExpression[] _crons;
    private readonly TimeZoneInfo _zone;

    public CronTimetable(string expression, string timeZone)
    {
        try
        {
            _crons = [.. Split(expression).Select(part => CronExpression.Parse(part))];
        }
        catch (CronFormatException e)
        {
            throw new FormatException($"'{expression}' is not a cron expression: {e.Message}", e);
        }

        try
        {
            _zone = TimeZoneInfo.FindSystemTimeZoneById(timeZone);
        }
        catch (Exception e) when (e is TimeZoneNotFoundException or InvalidTimeZoneException)
        {
            throw new FormatException($"'{timeZone}' is not a time zone of this machine.", e);
        }

        if (After(DateTimeOffset.UnixEpoch) is null)
        {
            throw new FormatException($"The cron expression '{expression}' never occurs.");
        }

        Summary = timeZone == "UTC" ? expression : $"{expression} ({timeZone})";
    }

    public override string Summary { get; }

    public override DataInterval? Next(DataInterval? last, DateTimeOffset now, TimetableBounds bounds)
    {
        var start = last is { } l ? AtOrAfter(l.End) : null;
        if (!bounds.Catchup && LastCompletedStart(now) is { } latest && (start is null || start < latest))
        {
            // Asleep, or down, over several intervals: without catchup only the latest of them still matters.
            start = latest;
        }

        if (bounds.StartDate is { } startDate && (start is null || start < startDate))
        {
            start = AtOrAfter(startDate);
        }

        return start is { } from && After(from) is { } to ? bounds.Limit(new DataInterval(from, to)) : null;
    }

    /// <summary>
    /// A restricted day of the month and a restricted day of the week mean "either", as everywhere in Unix; the library takes them for "both".
    /// </summary>
    private static string[] Split(string expression)
    {
        var fields = expression.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return fields is [var minute, var hour, [not ('*' or '?'), ..] dayOfMonth, var month, [not ('*' or '?'), ..] dayOfWeek]
            ? [$"{minute} {hour} {dayOfMonth} {month} *", $"{minute} {hour} * {month} {dayOfWeek}"]
            : [expression];
    }

    private DateTimeOffset? After(DateTimeOffset time) => _crons.Min(cron => cron.GetNextOccurrence(time, _zone));

    /// <summary>
    /// Asked from just before: the library does not recognise an occurrence that it has itself moved to the end of a gap when it is asked from there, inclusively.
    /// </summary>
    private DateTimeOffset? AtOrAfter(DateTimeOffset time)
        => After(time.AddMilliseconds(-1)) is { } found && found >= time ? found : After(time);

    private DateTimeOffset? Before(DateTimeOffset time) => _crons.Max(cron => cron.GetPreviousOccurrence(time, _zone));

    private DateTimeOffset? AtOrBefore(DateTimeOffset time)
        => time < DateTimeOffset.MaxValue && Before(time.AddMilliseconds(1)) is { } found && found <= time ? found : Before(time);

    private DateTimeOffset? LastCompletedStart(DateTimeOffset now) => AtOrBefore(now) is { } end ? Before(end) : null;
}
