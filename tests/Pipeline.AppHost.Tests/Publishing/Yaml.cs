using YamlDotNet.RepresentationModel;

namespace Pipeline.AppHost.Tests.Publishing;

/// <summary>Reads a document by the path of its keys.</summary>
internal static class Yaml
{
    public static YamlMappingNode Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return Assert.IsType<YamlMappingNode>(Assert.Single(stream.Documents).RootNode);
    }

    /// <summary>The node at the path, or <see langword="null"/>.</summary>
    public static YamlNode? At(this YamlNode node, params string[] path)
    {
        foreach (var key in path)
        {
            if (node is YamlSequenceNode list && int.TryParse(key, out var index))
            {
                node = list.Children[index];
            }
            else if (node is not YamlMappingNode map || !map.Children.TryGetValue(new YamlScalarNode(key), out node!))
            {
                return null;
            }
        }

        return node;
    }

    public static string? Text(this YamlNode node, params string[] path) => (node.At(path) as YamlScalarNode)?.Value;

    public static IReadOnlyDictionary<string, YamlNode> Map(this YamlNode node, params string[] path) =>
        node.At(path) is YamlMappingNode map ? map.Children.ToDictionary(child => ((YamlScalarNode)child.Key).Value!, child => child.Value) : new Dictionary<string, YamlNode>();

    public static IEnumerable<YamlNode> List(this YamlNode node, params string[] path) => node.At(path) is YamlSequenceNode list ? list.Children : [];
}
