namespace Pipeline.Scheduling.Metadata;

/// <summary>Times as the database keeps them: Unix ms.</summary>
internal static class UnixTime
{
    public static DateTimeOffset ToTime(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static DateTimeOffset? ToTime(long? milliseconds) => milliseconds is { } m ? DateTimeOffset.FromUnixTimeMilliseconds(m) : null;

    public static long? ToMs(this DateTimeOffset? time) => time?.ToUnixTimeMilliseconds();

    public static long ToMs(this DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    /// <summary>The time cut to what the database keeps, so that what is returned is what a later read gives.</summary>
    public static DateTimeOffset Cut(DateTimeOffset time) => ToTime(time.ToUnixTimeMilliseconds());

    /// <summary>Text without the one character that PostgreSQL cannot keep.</summary>
    public static string? Clean(string? text) => text?.Replace('\0', '\uFFFD');
}
