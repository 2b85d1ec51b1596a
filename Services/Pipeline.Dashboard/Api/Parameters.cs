using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;

namespace Pipeline.Dashboard.Api;

// Query parameters arrive as text and are read by ParameterReader, so that a wrong one is answered in the API's own words.
// None inherits from another: the calls that are compiled with the program (the request delegate generator) see only what a type declares itself.

internal sealed record RangeParameters
{
    [FromQuery(Name = "from")]
    [Description("Start of the time range, inclusive: ISO 8601, UTC unless it carries an offset.")]
    public string? From { get; init; }

    [FromQuery(Name = "to")]
    [Description("End of the time range, exclusive.")]
    public string? To { get; init; }

    [FromQuery(Name = "limit")]
    [Description("Items per page, 1 to 1000. Default: 100.")]
    public string? Limit { get; init; }

    [FromQuery(Name = "cursor")]
    [Description("The `next_cursor` of the page before.")]
    public string? Cursor { get; init; }
}

internal sealed record UserParameters
{
    [FromQuery(Name = "user_id")]
    [Description("Only this user's, a UUID.")]
    public string? UserId { get; init; }
}

internal sealed record WindowParameters
{
    [FromQuery(Name = "metric")]
    [Description("What was measured. Default: `events`.")]
    public string? Metric { get; init; }

    [FromQuery(Name = "dimension")]
    [Description("What it is grouped by. Default: `all`.")]
    public string? Dimension { get; init; }

    [FromQuery(Name = "grain")]
    [Description("Length of the windows: `minute`, `hour` or `rolling_5m`. Default: `minute`.")]
    public string? Grain { get; init; }
}

internal sealed record DeadLetterParameters
{
    [FromQuery(Name = "reason_code")]
    [Description("Only those with this reason.")]
    public string? ReasonCode { get; init; }

    [FromQuery(Name = "rule_id")]
    [Description("Only those that this rule rejected.")]
    public string? RuleId { get; init; }
}

internal sealed record QualityParameters
{
    [FromQuery(Name = "rule_id")]
    [Description("Only this rule's.")]
    public string? RuleId { get; init; }
}

internal sealed record RunParameters
{
    [FromQuery(Name = "dag_id")]
    [Description("Only this DAG's.")]
    public string? DagId { get; init; }

    [FromQuery(Name = "limit")]
    [Description("Items per page, 1 to 1000. Default: 100.")]
    public string? Limit { get; init; }

    [FromQuery(Name = "cursor")]
    [Description("The `next_cursor` of the page before.")]
    public string? Cursor { get; init; }
}
