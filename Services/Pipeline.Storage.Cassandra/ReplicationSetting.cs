using System.Globalization;

namespace Pipeline.Storage.Cassandra;

/// <summary>Copies per datacenter; an empty name is the local one, which is known only when connected.</summary>
internal static class ReplicationSetting
{
    public static bool TryParse(string text, out Dictionary<string, int> copies)
    {
        copies = [];
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            var name = colon < 0 ? "" : part[..colon].Trim();
            if (!int.TryParse(part[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                || count is < 1 or > 32
                || (colon >= 0 && (name.Length == 0 || name.Any(c => !char.IsLetterOrDigit(c) && c is not ('_' or '-' or '.'))))
                || !copies.TryAdd(name, count))
            {
                return false;
            }
        }

        return copies.Count == 1 || !copies.ContainsKey("");
    }

    /// <summary>The replication of a keyspace in CQL.</summary>
    public static string ToCql(string text, string localDatacenter)
    {
        var copies = TryParse(text, out var parsed) ? parsed : throw new ArgumentException($"'{text}' is not a replication.", nameof(text));
        var each = copies.Select(c => string.Create(CultureInfo.InvariantCulture, $"'{(c.Key.Length == 0 ? localDatacenter : c.Key)}': {c.Value}"));
        return $"{{'class': 'NetworkTopologyStrategy', {string.Join(", ", each)}}}";
    }
}
