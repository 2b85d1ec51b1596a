using System.Globalization;

namespace Pipeline.Contracts;

/// <summary>
/// Instants as the contract's <c>date-time</c> text: <c>YYYY-MM-DDTHH:MM:SS[.fraction](Z|±hh:mm)</c>, that is RFC 3339
/// with capitals and a required offset. Finer fractions than milliseconds are cut off. No leap seconds, as in .NET.
/// </summary>
public static class Iso8601
{
    /// <summary>Length of what <see cref="Write"/> writes.</summary>
    public const int Length = 24;

    /// <summary>0001-01-01 and the last millisecond of 9999, Unix ms: the range of .NET's calendar.</summary>
    public const long MinUnixMilliseconds = -62_135_596_800_000;
    public const long MaxUnixMilliseconds = 253_402_300_799_999;

    private const int MaxFractionDigits = 9;

    /// <summary>Unix ms of the text; false when it is not of the format or not a date.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out long unixMilliseconds)
    {
        unixMilliseconds = 0;
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        {
            return false;
        }

        var year = (Two(text, 0) * 100) + Two(text, 2);
        var month = Two(text, 5);
        var day = Two(text, 8);
        var hour = Two(text, 11);
        var minute = Two(text, 14);
        var second = Two(text, 17);

        // What is not a digit made its number negative, and beyond any limit as unsigned.
        if ((uint)(year - 1) >= 9999u || (uint)(month - 1) >= 12u || (uint)hour >= 24u || (uint)minute >= 60u || (uint)second >= 60u
            || (uint)(day - 1) >= (uint)DaysInMonth(year, month))
        {
            return false;
        }

        var i = 19;
        if (!TryReadFraction(text, ref i, out var milliseconds) || !TryReadOffset(text[i..], out var offsetMinutes))
        {
            return false;
        }

        var days = DaysSinceEpoch(year, month, day);
        var seconds = (days * 86_400) + (hour * 3_600) + ((minute - offsetMinutes) * 60) + second;
        unixMilliseconds = (seconds * 1_000) + milliseconds;
        return offsetMinutes == 0 || unixMilliseconds is >= MinUnixMilliseconds and <= MaxUnixMilliseconds;
    }

    /// <summary>Writes 24 bytes, always UTC with milliseconds: <c>2026-02-02T10:30:00.000Z</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    /// <exception cref="ArgumentException">Less than 24 bytes of room.</exception>
    public static void Write(Span<byte> target, long unixMilliseconds)
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds);
        if (!time.TryFormat(target, out _, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture))
        {
            throw new ArgumentException($"A date-time needs {Length} bytes, there are {target.Length}.", nameof(target));
        }
    }

    /// <summary>The same as a string; allocates.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public static string Format(long unixMilliseconds)
        => DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static bool TryReadFraction(ReadOnlySpan<byte> text, ref int i, out int milliseconds)
    {
        milliseconds = 0;
        if (text[i] != '.')
        {
            return true;
        }

        var start = ++i;
        var scale = 100;
        while (i < text.Length && (uint)(text[i] - '0') <= 9)
        {
            milliseconds += (text[i] - '0') * scale;
            scale /= 10;
            i++;
        }

        return i > start && i - start <= MaxFractionDigits;
    }

    private static bool TryReadOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.Length == 1)
        {
            return text[0] == 'Z';
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':')
        {
            return false;
        }

        var hour = Two(text, 1);
        var minute = Two(text, 4);
        minutes = ((hour * 60) + minute) * (text[0] == '-' ? -1 : 1);
        return (uint)hour <= 14 && (uint)minute < 60 && Math.Abs(minutes) <= 14 * 60;
    }

    /// <summary>Two digits; a negative number below −100·9999 when they are not.</summary>
    private static int Two(ReadOnlySpan<byte> text, int i)
    {
        var tens = text[i] - '0';
        var ones = text[i + 1] - '0';
        return (uint)tens <= 9 && (uint)ones <= 9 ? (tens * 10) + ones : -1_000_000;
    }

    private static bool IsLeapYear(int year) => (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0);

    private static int DaysInMonth(int year, int month)
        => month == 2 ? (IsLeapYear(year) ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);

    /// <summary>Counts years from March, so that the leap day is the last: https://howardhinnant.github.io/date_algorithms.html</summary>
    private static long DaysSinceEpoch(int year, int month, int day)
    {
        var shifted = month > 2 ? year : year - 1;
        var dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9)) + 2) / 5) + day - 1;
        return (shifted * 365) + (shifted / 4) - (shifted / 100) + (shifted / 400) + dayOfYear - 719_468;
    }
}
