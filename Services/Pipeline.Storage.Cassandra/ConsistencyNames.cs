using Cassandra;

namespace Pipeline.Storage.Cassandra;

/// <summary>Consistency levels as CQL writes them (LOCAL_QUORUM).</summary>
internal static class ConsistencyNames
{
    public static bool TryParse(string name, out ConsistencyLevel level)
    {
        level = default;
        return name.Length > 0 && char.IsLetter(name[0]) && Enum.TryParse(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out level);
    }

    public static bool IsSerial(ConsistencyLevel level) => level is ConsistencyLevel.Serial or ConsistencyLevel.LocalSerial;

    public static ConsistencyLevel Parse(string name)
        => TryParse(name, out var level) ? level : throw new ArgumentException($"'{name}' is not a consistency level.", nameof(name));
}
