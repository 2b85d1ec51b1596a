namespace Pipeline.Streaming.Processing;

/// <summary>What became of a record. Every consumed record ends in exactly one of the four last.</summary>
public enum Outcome : byte
{
    /// <summary>Still on its way through the steps.</summary>
    Pending,
    Stored,
    DeadLettered,

    /// <summary>Its window was closed for good; kept in the late table.</summary>
    Late,

    /// <summary>Its id was seen before, within the horizon.</summary>
    Duplicate,
}

/// <summary>The outcome of one record and, for a dead letter, why; codes are the application's.</summary>
/// <param name="Rule">Index of the rule that rejected it; −1 when it was no rule.</param>
/// <param name="ErrorOffset">Byte of the value at which the error was found; −1 when it concerns the whole value.</param>
/// <param name="Detail">What the reason concerns, for example the field.</param>
public readonly record struct RecordStatus(Outcome Outcome, byte Reason, byte Detail, short Rule, int ErrorOffset);

/// <summary>A dead letter's reason in words.</summary>
/// <param name="Code">From a closed set, for example <c>malformed_json</c>.</param>
/// <param name="RuleId">The rule that rejected it; empty when it was no rule.</param>
/// <param name="Stage">The step that rejected it.</param>
public sealed record Rejection(string Code, string RuleId, string Message, string Stage);
