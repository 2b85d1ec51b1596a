using System.Collections.Immutable;

namespace Pipeline.Contracts;

/// <summary>
/// The contract file in memory: topics, fields, rules, personal data and what is never let through. Immutable; read once at
/// start (tens of milliseconds).
/// </summary>
public sealed class ContractModel
{
    private static readonly Lazy<ContractModel> LazyEmbedded = new(LoadEmbedded);

    internal ContractModel(
        string name,
        ImmutableArray<ContractField> envelope,
        ImmutableArray<ContractTopic> topics,
        ImmutableArray<ContractRule> rules,
        ImmutableArray<ForbiddenField> forbidden)
    {
        Name = name;
        Envelope = envelope;
        Topics = topics;
        Rules = rules;
        Forbidden = forbidden;
        Fields = [.. envelope, .. topics.SelectMany(topic => topic.Fields.Skip(envelope.Length))];
        PiiFields = [.. Fields.Where(field => field.Pii != PiiKind.None)];
    }

    /// <summary>The contract that this build was made with.</summary>
    /// <exception cref="ContractException">The file is not usable.</exception>
    public static ContractModel Embedded => LazyEmbedded.Value;

    public string Name { get; }

    /// <summary>The fields of every event.</summary>
    public ImmutableArray<ContractField> Envelope { get; }

    public ImmutableArray<ContractTopic> Topics { get; }

    /// <summary>In the file's order; a rule's index is its bit in a set of warnings.</summary>
    public ImmutableArray<ContractRule> Rules { get; }

    /// <summary>What the source sends and no event, log or store may hold.</summary>
    public ImmutableArray<ForbiddenField> Forbidden { get; }

    /// <summary>Every field once: envelope, then each topic's own.</summary>
    public ImmutableArray<ContractField> Fields { get; }

    /// <summary>The fields that hold personal data: to be left out of log messages, traces and samples shown to others.</summary>
    public ImmutableArray<ContractField> PiiFields { get; }

    /// <summary>Reads a contract file.</summary>
    /// <param name="source">Name of the file, for messages.</param>
    /// <exception cref="ContractException">The text is not a usable contract.</exception>
    public static ContractModel Load(TextReader yaml, string source) => ContractReader.Read(yaml, source);

    /// <exception cref="ContractException">There is no such topic.</exception>
    public ContractTopic Topic(string name)
        => Topics.FirstOrDefault(topic => topic.Name == name) ?? throw new ContractException(Name, [$"There is no topic '{name}'."]);

    private static ContractModel LoadEmbedded()
    {
        const string ResourceName = "events.contract.yaml";
        using var stream = typeof(ContractModel).Assembly.GetManifestResourceStream(ResourceName)
            ?? throw new ContractException(ResourceName, ["It is not embedded in the assembly."]);
        using var reader = new StreamReader(stream);
        return Load(reader, ResourceName);
    }
}
