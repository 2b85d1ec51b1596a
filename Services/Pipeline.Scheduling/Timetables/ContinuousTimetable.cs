namespace Pipeline.Scheduling;

/// <summary>One run after the other; each covers the time since the one before began to be due.</summary>
internal sealed class ContinuousTimetable : Timetable
{
    public override string Summary => "@continuous";

    public override DataInterval? Next(DataInterval? last, DateTimeOffset now, TimetableBounds bounds)
    {
        if (last is null && bounds.StartDate is { } first && first > now)
        {
            return bounds.Limit(new DataInterval(first, first.AddMilliseconds(1)));
        }

        var start = last?.End ?? bounds.StartDate ?? now.AddMilliseconds(-1);

        // A clock that stands still or jumps back must not give two runs one logical date.
        var soonest = start.AddMilliseconds(1);
        return bounds.Limit(new DataInterval(start, now > soonest ? now : soonest));
    }
}
