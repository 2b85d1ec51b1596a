namespace Pipeline.Contracts;

/// <summary>What the row rules say of one event.</summary>
/// <param name="Reason">Why it is rejected; <see cref="ReasonCode.None"/> when it is not.</param>
/// <param name="RuleIndex">The rule that rejects it, else −1.</param>
/// <param name="Warnings">The rules that it breaks without being rejected; bit = <see cref="ContractRule.Index"/>.</param>
public readonly record struct QualityResult(ReasonCode Reason, int RuleIndex, ulong Warnings)
{
    public bool IsRejected => Reason != ReasonCode.None;
}
