using Pipeline.Testing;
using YamlDotNet.RepresentationModel;

namespace Pipeline.AppHost.Tests.Superset;

/// <summary>The files that Superset is provisioned from, and the schema of the tables that they ask.</summary>
internal static class Bundle
{
    private static readonly string Repository = RepositoryRoot.Find() ?? throw new DirectoryNotFoundException("The tests do not run inside a checkout: no Pipeline.sln above them.");

    public static string ImageFolder { get; } = Path.Combine(Repository, "Pipeline.AppHost/Superset/image");

    public static string TrinoFolder { get; } = Path.Combine(Repository, "Pipeline.AppHost/Trino/image");

    public static IReadOnlyList<YamlMappingNode> Datasets { get; } = Load("datasets");

    public static IReadOnlyList<YamlMappingNode> Charts { get; } = Load("charts");

    public static IReadOnlyList<YamlMappingNode> Dashboards { get; } = Load("dashboards");

    public static YamlMappingNode Database { get; } = Load("databases").Single();

    /// <summary>The tables of the result store in Cassandra.</summary>
    public static IReadOnlyDictionary<string, CqlTable> Tables { get; } =
        CqlTable.ReadAll(File.ReadAllText(Directory.GetFiles(Path.Combine(Repository, "Services/Pipeline.Storage.Cassandra/Schema"), "*-tables.cql").Single())).ToDictionary(table => table.Name);

    public static string Text(this YamlNode node, string key) => ((YamlScalarNode)node[key]).Value!;

    /// <summary>What stands in a list of scalars, or in one scalar; nothing where the key is not there.</summary>
    public static IEnumerable<string> Texts(this YamlMappingNode node, string key) => !node.Children.TryGetValue(key, out var value) ? [] : value switch
    {
        YamlSequenceNode list => list.OfType<YamlScalarNode>().Select(scalar => scalar.Value!),
        YamlScalarNode { Value: { Length: > 0 } text } => [text],
        _ => [],
    };

    public static IEnumerable<YamlMappingNode> Items(this YamlNode node, string key) => ((YamlSequenceNode)node[key]).Cast<YamlMappingNode>();

    private static List<YamlMappingNode> Load(string folder) =>
    [
        .. Directory.GetFiles(Path.Combine(ImageFolder, "bundle", folder), "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path =>
        {
            var yaml = new YamlStream();
            using var reader = File.OpenText(path);
            yaml.Load(reader);
            return (YamlMappingNode)yaml.Documents.Single().RootNode;
        }),
    ];
}
