namespace Pipeline.Streaming.DeadLetters;

/// <summary>
/// Names of a dead letter's headers, in one place. The first family is Kafka Connect's
/// (<see href="https://docs.confluent.io/platform/current/connect/index.html#dead-letter-queue"/>), so that tools made for it understand
/// ours; the second is our own. All values are UTF-8 text.
/// </summary>
public static class DeadLetterHeaders
{
    public const string ConnectPrefix = "__connect.errors.";
    public const string Topic = "__connect.errors.topic";
    public const string Partition = "__connect.errors.partition";
    public const string Offset = "__connect.errors.offset";

    /// <summary>The application that set the record aside; Kafka Connect's connector name.</summary>
    public const string ConnectorName = "__connect.errors.connector.name";
    public const string TaskId = "__connect.errors.task.id";
    public const string Stage = "__connect.errors.stage";
    public const string ExceptionClass = "__connect.errors.exception.class.name";
    public const string ExceptionMessage = "__connect.errors.exception.message";

    public const string ReasonCode = "pipeline.reason_code";
    public const string RuleId = "pipeline.rule_id";

    /// <summary>Byte of the value at which the error was found; −1 when it concerns the whole value.</summary>
    public const string ErrorOffset = "pipeline.error_offset";

    /// <summary>How often the record was tried, this time included.</summary>
    public const string Attempt = "pipeline.attempt";

    /// <summary>When it failed for the first time, ISO 8601, UTC.</summary>
    public const string FirstFailure = "pipeline.first_failure";

    /// <summary>When it failed now, ISO 8601, UTC.</summary>
    public const string LastFailure = "pipeline.last_failure";

    /// <summary>How often it was put back into its topic; whoever redrives raises it.</summary>
    public const string RedriveCount = "pipeline.redrive_count";

    /// <summary>The trace that the record belongs to, W3C Trace Context; passed on as it came.</summary>
    public const string TraceParent = "traceparent";
}
