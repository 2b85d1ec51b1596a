namespace Pipeline.Contracts;

/// <summary>A file made from the contract.</summary>
/// <param name="Path">Below the repository's <c>docs</c> folder, with forward slashes.</param>
/// <param name="Content">Text with line feeds, ending with one.</param>
public sealed record ContractArtefact(string Path, string Content);

/// <summary>All files that are made from the contract: the same contract always gives the same bytes.</summary>
public static class ContractArtefacts
{
    public static IReadOnlyList<ContractArtefact> Of(ContractModel contract)
    {
        var artefacts = new List<ContractArtefact> { new("contract.md", ContractPage.Of(contract)), new("contract/rules.json", RuleList.Of(contract)) };
        foreach (var topic in contract.Topics)
        {
            artefacts.Add(new($"contract/{topic.File}.schema.json", JsonSchema.Of(topic)));
            artefacts.Add(new($"contract/{topic.File}.avsc", AvroSchema.Of(topic)));
        }

        return artefacts;
    }
}
