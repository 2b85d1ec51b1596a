using System.Globalization;

namespace Pipeline.Scheduling;

internal sealed class FixedIntervalTimetable : Timetable
{
    private readonly long _length;

    public FixedIntervalTimetable(TimeSpan interval)
    {
        if (interval < TimeSpan.FromMilliseconds(1) || interval.Ticks % TimeSpan.TicksPerMillisecond != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(interval), interval, "An interval is a whole number of milliseconds, at least one.");
        }

        _length = interval.Ticks / TimeSpan.TicksPerMillisecond;
    }

    public override string Summary => _length % 1000 == 0
        ? string.Create(CultureInfo.InvariantCulture, $"every {_length / 1000} s")
        : string.Create(CultureInfo.InvariantCulture, $"every {_length} ms");

    public override DataInterval? Next(DataInterval? last, DateTimeOffset now, TimetableBounds bounds)
    {
        var lastCompletedStart = FloorToInterval(now.ToUnixTimeMilliseconds()) - _length;
        var start = last is { } l
            ? FloorToInterval(l.End.ToUnixTimeMilliseconds() + _length - 1)
            : bounds.Catchup ? long.MinValue : lastCompletedStart;

        // Asleep, or down, over several intervals: without catchup only the latest of them still matters.
        if (!bounds.Catchup)
        {
            start = Math.Max(start, lastCompletedStart);
        }

        if (bounds.StartDate is { } startDate)
        {
            start = Math.Max(start, FloorToInterval(startDate.ToUnixTimeMilliseconds() + _length - 1));
        }
        else if (start == long.MinValue)
        {
            start = lastCompletedStart;
        }

        return bounds.Limit(new DataInterval(DateTimeOffset.FromUnixTimeMilliseconds(start), DateTimeOffset.FromUnixTimeMilliseconds(start + _length)));
    }

    private long FloorToInterval(long unixMilliseconds)
    {
        var remainder = unixMilliseconds % _length;
        return unixMilliseconds - (remainder < 0 ? remainder + _length : remainder);
    }
}
