using System.Collections.Immutable;

namespace Pipeline.Contracts;

/// <summary>One topic as the contract describes it.</summary>
public sealed record ContractTopic
{
    public required string Name { get; init; }

    /// <summary>Name of the event type in schemas.</summary>
    public required string Record { get; init; }

    /// <summary>Stem of the names of the files generated from it.</summary>
    public required string File { get; init; }

    public required string Owner { get; init; }

    public required string Description { get; init; }

    /// <summary>Wire names of the event types that may stand on it.</summary>
    public required ImmutableArray<string> EventTypes { get; init; }

    public required int SchemaVersion { get; init; }

    public required int MaxValueBytes { get; init; }

    public required int MaxDepth { get; init; }

    /// <summary>From event to log.</summary>
    public required TimeSpan FreshnessObjective { get; init; }

    /// <summary>From log to store.</summary>
    public required TimeSpan LatencyObjective { get; init; }

    /// <summary>The envelope's fields, then its own, in the order in which they are written.</summary>
    public required ImmutableArray<ContractField> Fields { get; init; }
}
