using Pipeline.Contracts;
using Pipeline.Processor.Steps;
using Pipeline.Streaming.Processing;

namespace Pipeline.Processor;

/// <summary>Says in words why a record became a dead letter.</summary>
internal static class Rejections
{
    public static Rejection Describe(QualityRules rules, RecordStatus status)
    {
        var rule = rules.Rules[status.Rule];
        var reason = (ReasonCode)status.Reason;
        return rule.Scope == RuleScope.Value
            ? new Rejection(reason.WireName(), rule.Id, new DecodeResult(reason, status.ErrorOffset, (Field)status.Detail).Describe(), Parse.StepName)
            : new Rejection(reason.WireName(), rule.Id, rule.Description, Quality.StepName);
    }
}
