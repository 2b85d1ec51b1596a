namespace Pipeline.Storage;

// Rows are structs in reused lists: on the hot path a row costs no allocation. Times are Unix milliseconds, UTC.
// Text that repeats (types, codes) is passed as interned strings.

/// <summary>One stored event. Key: (EventTime, EventId).</summary>
/// <param name="Data">The record's value as it was read, UTF-8 JSON.</param>
/// <param name="IngestedAt">When the record was appended to the log.</param>
/// <param name="Flags">Bit set of quality warnings (bit = index of the rule in the contract).</param>
public readonly record struct EventRow(
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
    ReadOnlyMemory<byte> Data);

/// <summary>One aggregate over one window of one source partition, as an absolute value. Key: all but the aggregate itself.</summary>
/// <param name="Metric">What was measured: <c>events</c>, <c>age</c>, <c>latency</c>, …</param>
/// <param name="Dimension">What it is grouped by: <c>all</c>, <c>nationality</c>, <c>gender</c>, <c>age_band</c>, <c>event_type</c>, <c>country</c>, …</param>
/// <param name="Value">The dimension's value.</param>
/// <param name="Grain">Name of the windows, see <see cref="WindowGrain"/>.</param>
/// <param name="IsLateUpdate">The window had been emitted as final before and a late record changed it.</param>
/// <param name="Sketch">Serialized mergeable sketch (distinct count, quantiles); empty when the metric has none.</param>
public readonly record struct WindowRow(
    string Metric,
    string Dimension,
    string Value,
    string Grain,
    long WindowStart,
    string Topic,
    int Partition,
    Aggregate Aggregate,
    bool IsFinal,
    bool IsLateUpdate,
    ReadOnlyMemory<byte> Sketch);

/// <summary>Moments of a set of numbers; merging is adding. An empty aggregate has Min = +∞ and Max = −∞.</summary>
public readonly record struct Aggregate(long Count, double Sum, double SumOfSquares, double Min, double Max)
{
    public static Aggregate Empty => new(0, 0, 0, double.PositiveInfinity, double.NegativeInfinity);

    /// <summary><see langword="null"/> when empty.</summary>
    public double? Mean => Count > 0 ? Sum / Count : null;

    /// <summary>Of the population; <see langword="null"/> when empty. Rounding can make the difference a hair negative when all numbers are equal.</summary>
    public double? StandardDeviation => Mean is { } mean ? Math.Sqrt(Math.Max(0, (SumOfSquares / Count) - (mean * mean))) : null;

    public Aggregate Merge(in Aggregate other) => new(
        Count + other.Count,
        Sum + other.Sum,
        SumOfSquares + other.SumOfSquares,
        Math.Min(Min, other.Min),
        Math.Max(Max, other.Max));
}

/// <summary>A user's session. Key: (UserId, SessionId); the id is stable across merges and replays.</summary>
/// <param name="EventTypes">Counts by event type as JSON, for example <c>{"login":1,"view":4}</c>.</param>
/// <param name="IsLateUpdate">The session was closed before and a late record changed it.</param>
public readonly record struct SessionRow(
    Guid SessionId,
    Guid UserId,
    long Start,
    long End,
    long Events,
    string EventTypes,
    string EntryType,
    string ExitType,
    bool IsClosed,
    bool IsLateUpdate,
    string Topic,
    int Partition);

public readonly record struct SessionKey(Guid UserId, Guid SessionId, long Start);

/// <summary>A record that came after its window was closed for good. Key: (Topic, Partition, Offset).</summary>
/// <param name="LatenessMs">How far behind the watermark the record was.</param>
public readonly record struct LateRow(
    Guid EventId,
    Guid UserId,
    string EventType,
    long EventTime,
    long LatenessMs,
    long IngestedAt,
    string Topic,
    int Partition,
    long Offset,
    ReadOnlyMemory<byte> Data);

/// <summary>Index entry of a dead letter. Key: (Topic, Partition, Offset) of the original record.</summary>
/// <param name="ErrorOffset">Byte of the value at which the error was found; −1 when it concerns the whole record.</param>
public readonly record struct DeadLetterRow(
    string Topic,
    int Partition,
    long Offset,
    string ReasonCode,
    string RuleId,
    string Message,
    int ErrorOffset,
    long IngestedAt,
    long FailedAt,
    ReadOnlyMemory<byte> Key,
    ReadOnlyMemory<byte> Value);

/// <summary>How a rule did in one window of one source partition, absolute. Key: (RuleId, WindowStart, Topic, Partition).</summary>
public readonly record struct QualityRow(
    string RuleId,
    long WindowStart,
    string Topic,
    int Partition,
    long Checked,
    long Failed);
