using Pipeline.Contracts;

namespace Pipeline.Processor;

/// <summary>One event on its way through the topology: what was decoded and what the steps add.</summary>
internal struct PipelineEvent
{
    public DecodedEvent Decoded;

    /// <summary>Rules that it breaks without being rejected; bit = index of the rule in the contract.</summary>
    public ulong Warnings;

    /// <summary>Hash of the user's id, for counting distinct users.</summary>
    public ulong UserHash;

    /// <summary>Index in <see cref="AgeBands"/>.</summary>
    public byte AgeBand;
}
