namespace Pipeline.Dashboard.Live;

/// <summary>What a feed read last, and whether it is still so.</summary>
/// <param name="Value">The last value that could be read; <see langword="null"/> before the first.</param>
/// <param name="ReadAt">When it was read.</param>
/// <param name="Error">Why it could not be read again since; <see langword="null"/> while it can.</param>
internal sealed record Snapshot<T>(T? Value, DateTimeOffset ReadAt, string? Error)
    where T : class;
