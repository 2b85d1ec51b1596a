using System.Globalization;
using System.Text;
using CsCheck;
using Pipeline.Contracts.Tests.Decoding;

namespace Pipeline.Contracts.Tests;

/// <summary>The oracle is <see cref="DateTimeOffset"/>.</summary>
public class Iso8601Tests
{
    [Fact]
    public void TryRead_AnyInstantAndOffset_GivesItsUnixTime()
        => Gen.Select(Gen.Long[Iso8601.MinUnixMilliseconds, Iso8601.MaxUnixMilliseconds], Gen.Int[-14 * 60, 14 * 60], Gen.Int[0, 9], Gen.Int[0, 999_999_999])
            .Sample((time, offset, digits, fraction) =>
            {
                var seconds = DateTimeOffset.FromUnixTimeMilliseconds(time).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
                var part = digits == 0 ? string.Empty : "." + fraction.ToString("D9", CultureInfo.InvariantCulture)[..digits];
                var zone = offset == 0 ? "Z" : (offset < 0 ? "-" : "+") + TimeSpan.FromMinutes(Math.Abs(offset)).ToString(@"hh\:mm", CultureInfo.InvariantCulture);
                AssertAgrees(seconds + part + zone);
            });

    [Fact]
    public void TryRead_AnyDigits_AgreesOnWhatIsADate()
        => Gen.Select(Gen.Int[0, 10_001], Gen.Int[0, 14], Gen.Int[0, 33], Gen.Int[0, 26], Gen.Int[0, 62], Gen.Int[0, 62], Gen.Int[-16 * 60, 16 * 60])
            .Sample((year, month, day, hour, minute, second, offset) => AssertAgrees(string.Create(
                CultureInfo.InvariantCulture,
                $"{year:D4}-{month:D2}-{day:D2}T{hour:D2}:{minute:D2}:{second:D2}{(offset < 0 ? '-' : '+')}{Math.Abs(offset) / 60:D2}:{Math.Abs(offset) % 60:D2}")));

    [Fact]
    public void TryRead_EveryDayOfFourCenturies_AgreesWithCalendar()
    {
        var text = new byte[Iso8601.Length];
        for (var day = new DateTimeOffset(1890, 1, 1, 0, 0, 0, TimeSpan.Zero); day.Year < 2291; day = day.AddDays(1))
        {
            Iso8601.Write(text, day.ToUnixTimeMilliseconds());

            Assert.True(Iso8601.TryRead(text, out var time));
            Assert.Equal(day.ToUnixTimeMilliseconds(), time);
        }
    }

    [Fact]
    public void TryRead_OneByteChanged_AgreesWithOracle()
    {
        foreach (var good in new[] { "2026-02-28T23:59:59.123Z", "2024-02-29T00:00:00+05:30", "0001-01-01T00:00:00Z" })
        {
            for (var at = 0; at < good.Length; at++)
            {
                for (var c = '\u0001'; c < 128; c++)
                {
                    AssertAgrees(good[..at] + c + good[(at + 1)..]);
                }

                AssertAgrees(good[..at]);
                AssertAgrees(good[..at] + '0' + good[at..]);
            }
        }
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00+00:01")]
    [InlineData("9999-12-31T23:59:59.999-00:01")]
    [InlineData("2026-06-30T23:59:60Z")]
    [InlineData("2026-02-02t10:30:00z")]
    [InlineData("2026-02-02 10:30:00Z")]
    [InlineData("2026-02-02T10:30:00")]
    [InlineData("2026-02-02T10:30Z")]
    [InlineData("2026-02-02")]
    [InlineData("1770028200123")]
    public void TryRead_OtherForms_AreRefused(string text)
        => Assert.False(Iso8601.TryRead(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Write_AnyTime_IsReadBack()
        => Gen.Long[Iso8601.MinUnixMilliseconds, Iso8601.MaxUnixMilliseconds].Sample(time =>
        {
            var text = new byte[Iso8601.Length];
            Iso8601.Write(text, time);

            Assert.True(Iso8601.TryRead(text, out var read));
            Assert.Equal(time, read);
            Assert.Equal(Iso8601.Format(time), Encoding.ASCII.GetString(text));
        });

    private static void AssertAgrees(string text)
    {
        var expected = ReferenceDecoder.ReadTime(text, out var expectedTime);
        var actual = Iso8601.TryRead(Encoding.UTF8.GetBytes(text), out var time);

        Assert.True(expected == actual, $"'{text}' is {(expected ? string.Empty : "not ")}a date-time");
        if (expected)
        {
            Assert.Equal(expectedTime, time);
        }
    }
}
