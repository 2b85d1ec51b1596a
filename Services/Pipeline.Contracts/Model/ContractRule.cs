using System.Collections.Immutable;

namespace Pipeline.Contracts;

/// <summary>One quality rule of the contract.</summary>
public sealed record ContractRule
{
    /// <summary>Position in the contract, which is the rule's bit in a set of warnings; new rules go to the end.</summary>
    public required int Index { get; init; }

    public required string Id { get; init; }

    public required RuleFamily Family { get; init; }

    public required RuleScope Scope { get; init; }

    public required RuleCheck Check { get; init; }

    public required RuleSeverity Severity { get; init; }

    /// <summary>Share of a window's events, 0 to 1, that may fail before the window is reported as failed.</summary>
    public required double Tolerance { get; init; }

    /// <summary>The fields concerned; empty when it is the whole value.</summary>
    public required ImmutableArray<Field> Fields { get; init; }

    /// <summary>Why a record that breaks it is a dead letter; <see cref="ReasonCode.None"/> for rules that never reject.</summary>
    public required ReasonCode Reason { get; init; }

    /// <summary>Earliest instant accepted, Unix ms, for <see cref="RuleCheck.EventTimeMin"/>.</summary>
    public required long? Min { get; init; }

    /// <summary>Accepted deviation: years for <see cref="RuleCheck.AgeMatchesDob"/>, milliseconds for the others.</summary>
    public required long? Within { get; init; }

    public required string Description { get; init; }

    /// <summary>Whether a window in which so many of so many events failed is still as it should be.</summary>
    public bool Tolerates(long failed, long checkedEvents) => failed <= Tolerance * checkedEvents;
}
