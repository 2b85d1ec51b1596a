using Pipeline.Contracts;

namespace Pipeline.Dashboard.Api;

/// <summary>The rules of the contract by their bit and by their id.</summary>
internal static class QualityRules
{
    private static readonly Dictionary<string, ContractRule> ById = ContractModel.Embedded.Rules.ToDictionary(rule => rule.Id, StringComparer.Ordinal);

    /// <summary>Ids of the rules whose bits are set; a bit of a rule that this version does not know keeps its number.</summary>
    public static IReadOnlyList<string> Ids(ulong bits)
    {
        if (bits == 0)
        {
            return [];
        }

        var rules = ContractModel.Embedded.Rules;
        var ids = new List<string>();
        for (; bits != 0; bits &= bits - 1)
        {
            var bit = System.Numerics.BitOperations.TrailingZeroCount(bits);
            ids.Add(bit < rules.Length ? rules[bit].Id : $"rule-{bit}");
        }

        return ids;
    }

    public static ContractRule? Find(string id) => ById.GetValueOrDefault(id);
}
