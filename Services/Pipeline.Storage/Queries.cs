namespace Pipeline.Storage;

/// <summary>One page of a listing; <see cref="Cursor"/> fetches the next one and is <see langword="null"/> on the last.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Cursor);

/// <summary>Half-open range of time [From, To) in Unix ms, newest first, paged by key.</summary>
/// <exception cref="InvalidCursorException">Thrown by the store for a cursor it did not make.</exception>
public record RangeQuery
{
    public long? From { get; init; }

    public long? To { get; init; }

    /// <summary>Rows per page, 1 to 1,000. Default: 100.</summary>
    public int Limit { get; init; } = 100;

    public string? Cursor { get; init; }
}

public sealed record EventQuery : RangeQuery
{
    public Guid? UserId { get; init; }
}

public sealed record SessionQuery : RangeQuery
{
    public Guid? UserId { get; init; }
}

public sealed record DeadLetterQuery : RangeQuery
{
    public string? ReasonCode { get; init; }

    public string? RuleId { get; init; }
}

public sealed record QualityQuery : RangeQuery
{
    public string? RuleId { get; init; }
}

/// <summary>Windows oldest first.</summary>
public sealed record WindowQuery : RangeQuery
{
    public string Metric { get; init; } = "events";

    public string Dimension { get; init; } = "all";

    public string Grain { get; init; } = "minute";
}

/// <summary>An event as read back.</summary>
public sealed record StoredEvent(
    Guid EventId,
    Guid UserId,
    string EventType,
    long EventTime,
    long IngestedAt,
    string Topic,
    int Partition,
    long Offset,
    string Nationality,
    string Country,
    string Region,
    string Gender,
    string AgeBand,
    ulong Flags,
    byte[] Data);

/// <summary>A window merged over its source partitions.</summary>
/// <param name="IsFinal">All source partitions have emitted it as final.</param>
/// <param name="Sketches">The sketches of the source partitions, for the caller to merge.</param>
public sealed record WindowResult(
    string Metric,
    string Dimension,
    string Value,
    string Grain,
    long WindowStart,
    Aggregate Aggregate,
    bool IsFinal,
    bool IsLateUpdate,
    IReadOnlyList<byte[]> Sketches);

public sealed record LateEvent(
    Guid EventId,
    Guid UserId,
    string EventType,
    long EventTime,
    long LatenessMs,
    long IngestedAt,
    string Topic,
    int Partition,
    long Offset,
    byte[] Data);

public sealed record DeadLetterEntry(
    string Topic,
    int Partition,
    long Offset,
    string ReasonCode,
    string RuleId,
    string Message,
    int ErrorOffset,
    long IngestedAt,
    long FailedAt,
    byte[] Key,
    byte[] Value);

public sealed record QualityResult(string RuleId, long WindowStart, long Checked, long Failed);
