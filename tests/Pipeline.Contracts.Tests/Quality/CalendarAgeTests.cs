using CsCheck;

namespace Pipeline.Contracts.Tests.Quality;

public class CalendarAgeTests
{
    [Theory]
    [InlineData("2000-02-29T00:00:00Z", "2001-02-28T23:59:59Z", 0)]
    [InlineData("2000-02-29T00:00:00Z", "2001-03-01T00:00:00Z", 1)]
    [InlineData("1990-01-15T10:30:00Z", "2026-01-14T23:59:59Z", 35)]
    [InlineData("1990-01-15T10:30:00Z", "2026-01-15T00:00:00Z", 36)]
    public void Years_AroundABirthday_CountsByTheDate(string born, string at, int years)
        => Assert.Equal(years, CalendarAge.Years(Milliseconds(born), Milliseconds(at)));

    [Fact]
    public void Matches_AnyDates_IsTheCalendarsDistance()
        => Gen.Select(Gen.Long[-2_500_000_000_000, 2_000_000_000_000], Gen.Long[946_684_800_000, 4_000_000_000_000], Gen.Int[-3, 3], Gen.Long[0, 3])
            .Sample((born, at, off, within) =>
            {
                var years = CalendarAge.Years(born, at);

                Assert.Equal(Math.Abs(off) <= within, CalendarAge.Matches(years + off, born, at, within));
            });

    private static long Milliseconds(string text)
    {
        Assert.True(Iso8601.TryRead(System.Text.Encoding.UTF8.GetBytes(text), out var time));
        return time;
    }
}
