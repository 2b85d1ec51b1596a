using System.Globalization;

namespace Pipeline.Storage.Cassandra;

/// <summary>Unix milliseconds and the names of the partitions that they fall into.</summary>
internal static class Times
{
    public const long DayMs = 86_400_000;

    private const long Least = -62_135_596_800_000;
    private const long Most = 253_402_300_799_999;

    /// <exception cref="StorageException">Not a year from 1 to 9999.</exception>
    public static DateTimeOffset ToTimestamp(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(Checked(unixMs));

    /// <inheritdoc cref="ToTimestamp"/>
    public static long Checked(long unixMs)
        => unixMs is >= Least and <= Most
            ? unixMs
            : throw new StorageException(string.Create(CultureInfo.InvariantCulture, $"{unixMs} ms is not a time that can be stored."), isTransient: false);

    /// <summary>The same for the end of a range, which may be beyond all times.</summary>
    public static DateTimeOffset ToBound(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(unixMs, Least, Most));

    /// <summary>A range [from, to) as its first and last millisecond.</summary>
    public static (long First, long Last) Inclusive(long? from, long? to)
        => (Math.Clamp(from ?? Least, Least, Most), Math.Clamp(to ?? long.MaxValue, Least, Most + 1) - 1);

    public static long FloorOf(long unixMs, long length) => unixMs - Modulo(unixMs, length);

    public static long DayOf(long unixMs) => FloorOf(unixMs, DayMs);

    /// <summary>The name of a day, as in <c>2026-11-25</c>. Text, because SQL engines read neighbouring dates as a range over the whole table.</summary>
    public static string DayName(long unixMs) => ToBound(unixMs).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static long Modulo(long value, long length) => ((value % length) + length) % length;
}
