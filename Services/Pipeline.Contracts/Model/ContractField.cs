using System.Collections.Immutable;

namespace Pipeline.Contracts;

/// <summary>One field of the contract.</summary>
public sealed record ContractField
{
    public required Field Id { get; init; }

    /// <summary>Name on the wire.</summary>
    public required string Name { get; init; }

    public required FieldType Type { get; init; }

    public required FieldFormat Format { get; init; }

    /// <summary>The member must be there.</summary>
    public required bool IsRequired { get; init; }

    /// <summary>The value may be null.</summary>
    public required bool IsNullable { get; init; }

    /// <summary>Inclusive bounds of an integer.</summary>
    public required long? Min { get; init; }

    public required long? Max { get; init; }

    /// <summary>The values it may have; empty when any.</summary>
    public required ImmutableArray<string> Values { get; init; }

    /// <summary>Values that are not listed are kept, with a warning.</summary>
    public required bool IsOpen { get; init; }

    public required PiiKind Pii { get; init; }

    public required string Description { get; init; }
}
