namespace Pipeline.Contracts;

/// <summary>Age in whole years between two instants, by the calendar (UTC).</summary>
internal static class CalendarAge
{
    private const long MillisecondsPerDay = 86_400_000;

    /// <summary>Whether an age is at most so many years off the calendar's.</summary>
    public static bool Matches(int age, long dateOfBirth, long at, long withinYears)
    {
        // The mean year is never a whole year off the calendar, so that most ages need no calendar at all.
        var mean = Math.DivRem(at - dateOfBirth, MillisecondsPerDay).Quotient * 400 / 146_097;
        return Math.Abs(age - mean) < withinYears || Math.Abs(age - Years(dateOfBirth, at)) <= withinYears;
    }

    public static int Years(long dateOfBirth, long at)
    {
        var born = DateTimeOffset.FromUnixTimeMilliseconds(dateOfBirth);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(at);
        var hadBirthday = now.Month > born.Month || (now.Month == born.Month && now.Day >= born.Day);
        return now.Year - born.Year - (hadBirthday ? 0 : 1);
    }
}
