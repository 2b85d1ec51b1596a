using System.ComponentModel;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Dashboard.Api;

// The shapes of the API's answers. Their names are stable; JSON names are these in snake_case, times are UTC in ISO 8601.

internal sealed record ItemPage<T>(
    IReadOnlyList<T> Items,
    [property: Description("Pass it as `cursor` to get the next page; null on the last one.")] string? NextCursor);

internal sealed record EventItem(
    Guid EventId,
    Guid UserId,
    string EventType,
    DateTime EventTime,
    [property: Description("When the record was appended to the log.")] DateTime IngestedAt,
    string Topic,
    int Partition,
    long Offset,
    string Nationality,
    string Country,
    string Region,
    string Gender,
    string AgeBand,
    [property: Description("Ids of the quality rules of severity `warn` that the event broke.")] IReadOnlyList<string> Warnings,
    [property: Description("The event as it was in the log.")] RawJson Data);

internal sealed record WindowItem(
    string Metric,
    string Dimension,
    string Value,
    string Grain,
    DateTime WindowStart,
    DateTime WindowEnd,
    long Count,
    double Sum,
    double? Mean,
    double? Min,
    double? Max,
    double? StandardDeviation,
    [property: Description("How many different ones there were, for the metric `users`; standard error 1.6 %, nearly exact up to 768. `count` adds up the source partitions instead.")] long? Distinct,
    [property: Description("For `latency` (by `all`, `event_type`; milliseconds) and `age` (by `all`, `nationality`; years); off by 0.8 % at most. Null for others.")] Quantiles? Quantiles,
    [property: Description("Whether every source partition has closed the window; late records can still change it within the allowed lateness.")] bool IsFinal,
    [property: Description("A record that came after the window was complete changed it.")] bool IsLateUpdate);

internal sealed record SessionItem(
    Guid SessionId,
    Guid UserId,
    DateTime Start,
    DateTime End,
    double DurationSeconds,
    long Events,
    [property: Description("How many events of each type.")] RawJson EventTypes,
    string EntryType,
    string ExitType,
    bool IsClosed,
    [property: Description("A record that came after the session was closed changed it.")] bool IsLateUpdate,
    string Topic,
    int Partition);

internal sealed record LateItem(
    Guid EventId,
    Guid UserId,
    string EventType,
    DateTime EventTime,
    [property: Description("How far behind the watermark the event was.")] double LatenessSeconds,
    DateTime IngestedAt,
    string Topic,
    int Partition,
    long Offset,
    RawJson Data);

internal sealed record DeadLetterItem(
    string Topic,
    int Partition,
    long Offset,
    string ReasonCode,
    string RuleId,
    [property: Description("What is wrong, in words.")] string Message,
    [property: Description("Byte of the value at which the error was found; null when it concerns the whole record.")] int? ErrorOffset,
    DateTime IngestedAt,
    DateTime FailedAt,
    [property: Description("The record's key as text, when it is valid UTF-8.")] string? Key,
    string KeyBase64,
    [property: Description("The record's original value as text, when it is valid UTF-8.")] string? Value,
    string ValueBase64);

internal sealed record QualityItem(
    string RuleId,
    DateTime WindowStart,
    long Checked,
    long Failed,
    double FailedRatio,
    [property: Description("One of schema, completeness, consistency, freshness; null for a rule that this version does not know.")] string? Family,
    [property: Description("`warn` or `reject`.")] string? Severity,
    [property: Description("Share that may fail before the window counts as failed.")] double? Tolerance,
    [property: Description("Whether the share that failed is within the tolerance.")] bool? Passed,
    string? Description);

internal sealed record RunItem(
    string DagId,
    string RunId,
    string RunType,
    string State,
    DateTime LogicalDate,
    DateTime DataIntervalStart,
    DateTime DataIntervalEnd,
    DateTime? StartedAt,
    DateTime? EndedAt,
    double? DurationSeconds,
    IReadOnlyList<TaskItem> Tasks);

internal sealed record TaskItem(
    string TaskId,
    string State,
    int TryNumber,
    DateTime? StartedAt,
    DateTime? EndedAt,
    double? DurationSeconds,
    [property: Description("Why the last try failed.")] string? Error);
