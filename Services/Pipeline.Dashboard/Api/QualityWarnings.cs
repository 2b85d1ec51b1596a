namespace Pipeline.Dashboard.Api;

/// <summary>Turns the bit set of broken rules into their ids.</summary>
internal static class QualityWarnings
{
    public static IReadOnlyList<string> Of(ulong flags)
    {
        if (flags == 0)
        {
            return [];
        }

        var ids = new List<string>();
        for (var bit = 0; bit < 64; bit++)
        {
            if ((flags & (1UL << bit)) != 0)
            {
                ids.Add($"rule-{bit}");
            }
        }

        return ids;
    }
}
