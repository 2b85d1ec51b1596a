namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// How long a row lives: until it is as old as its table's retention says, counted from the time in the row, however late it is
/// written. 0 is for ever.
/// </summary>
internal static class TimeToLive
{
    // A row that is too old already is kept for the retention to count and remove.
    private const long LeastSeconds = 3_600;

    // Cassandra refuses an expiration after 2038 unless the whole cluster runs in a newer storage mode; retention removes such rows.
    private static readonly long LastExpiration = new DateTimeOffset(2038, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();

    public static int Seconds(long rowTime, TimeSpan retention, long now)
    {
        var remaining = Math.Max(LeastSeconds, (rowTime + (long)retention.TotalMilliseconds - now + 999) / 1000);
        return (now / 1000) + remaining > LastExpiration ? 0 : (int)remaining;
    }
}
