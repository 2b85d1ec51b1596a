using System.Text.RegularExpressions;

namespace Pipeline.AppHost.Tests.Superset;

/// <summary>A table as its CREATE TABLE says.</summary>
/// <param name="Columns">Its columns, and the fields of those that have any: <c>labels.country</c>.</param>
/// <param name="PartitionKey">The columns that a query has to name, or it reads every partition.</param>
internal sealed partial record CqlTable(string Name, IReadOnlySet<string> Columns, IReadOnlyList<string> PartitionKey)
{
    public static IEnumerable<CqlTable> ReadAll(string cql)
    {
        var types = UserType().Matches(cql).ToDictionary(type => type.Groups["name"].Value, type => Lines(type.Groups["fields"].Value).ToList());
        foreach (Match table in Table().Matches(cql))
        {
            var columns = Lines(table.Groups["columns"].Value).SelectMany(column =>
                types.GetValueOrDefault(column.Type, []).Select(field => $"{column.Name}.{field.Name}").Prepend(column.Name)).ToHashSet();
            var key = table.Groups["key"].Value;
            var partition = key.StartsWith('(') ? key[1..key.IndexOf(')', StringComparison.Ordinal)] : key.Split(',')[0];
            yield return new CqlTable(table.Groups["name"].Value, columns, partition.Split(',', StringSplitOptions.TrimEntries));
        }
    }

    private static IEnumerable<(string Name, string Type)> Lines(string lines) =>
        Column().Matches(lines).Select(column => (column.Groups["name"].Value, column.Groups["type"].Value));

    [GeneratedRegex(@"CREATE TYPE IF NOT EXISTS (?<name>\w+) \((?<fields>.*?)\r?\n\)", RegexOptions.Singleline)]
    private static partial Regex UserType();

    [GeneratedRegex(@"CREATE TABLE IF NOT EXISTS (?<name>\w+) \((?<columns>.*?)PRIMARY KEY \((?<key>.*?)\)\r?\n\)", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex(@"^\s+(?<name>[a-z_0-9]+) (frozen<)?(?<type>[a-z_0-9]+)", RegexOptions.Multiline)]
    private static partial Regex Column();
}
