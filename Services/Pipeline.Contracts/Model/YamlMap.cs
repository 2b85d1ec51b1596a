using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Contracts;

/// <summary>
/// A YAML mapping read key by key. Every problem becomes a sentence with its line, and reading goes on with a default, so
/// that one run reports all of them; keys that nobody asked for are problems too.
/// </summary>
internal sealed class YamlMap
{
    private readonly Dictionary<string, YamlNode> _nodes = [];
    private readonly HashSet<string> _asked = [];
    private readonly List<string> _errors;
    private readonly YamlNode _node;

    public YamlMap(YamlNode node, List<string> errors)
    {
        _node = node;
        _errors = errors;
        if (node is not YamlMappingNode mapping)
        {
            Error(node, "should be a mapping of keys to values");
            return;
        }

        foreach (var (key, value) in mapping.Children)
        {
            if (key is YamlScalarNode { Value.Length: > 0 } name)
            {
                _nodes[name.Value] = value;
            }
            else
            {
                Error(key, "has a key that is not a text");
            }
        }
    }

    public bool Has(string key) => _nodes.ContainsKey(key);

    public string Text(string key, string? fallback = null)
    {
        _asked.Add(key);
        if (!_nodes.TryGetValue(key, out var node))
        {
            if (fallback is null)
            {
                Error(_node, $"lacks '{key}'");
            }

            return fallback ?? string.Empty;
        }

        if (node is YamlScalarNode { Value.Length: > 0 } scalar)
        {
            return scalar.Value;
        }

        Error(node, $"'{key}' should be a text");
        return string.Empty;
    }

    public T Parse<T>(string key, string? fallback, string expected, TryParse<T> tryParse)
    {
        var problems = _errors.Count;
        var text = Text(key, fallback);
        if (!tryParse(text, out var value) && _errors.Count == problems)
        {
            Error(_nodes.GetValueOrDefault(key, _node), $"'{key}' is '{text}', which is not {expected}");
        }

        return value;
    }

    public T? Optional<T>(string key, string expected, TryParse<T> tryParse)
        where T : struct
        => Has(key) ? Parse(key, null, expected, tryParse) : null;

    public bool Flag(string key, bool fallback)
        => Parse<bool>(key, fallback ? "true" : "false", "true or false", bool.TryParse);

    public int Count(string key)
        => Parse(key, null, "a positive whole number", static (string text, out int value)
            => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value > 0);

    public TimeSpan Duration(string key)
        => Parse(key, null, "a time span such as 00:05:00", static (string text, out TimeSpan value)
            => TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out value) && value > TimeSpan.Zero);

    /// <summary>A value of an enum, written in lower case with hyphens between its words.</summary>
    public T Choice<T>(string key, string? fallback = null)
        where T : struct, Enum
        => Parse(key, fallback, $"one of {string.Join(", ", Enum.GetValues<T>().Select(Hyphenated))}", static (string text, out T value) =>
        {
            foreach (var candidate in Enum.GetValues<T>())
            {
                if (Hyphenated(candidate) == text)
                {
                    value = candidate;
                    return true;
                }
            }

            value = default;
            return false;
        });

    public IEnumerable<YamlNode> List(string key, bool isRequired)
    {
        _asked.Add(key);
        if (_nodes.TryGetValue(key, out var node))
        {
            if (node is YamlSequenceNode { Children.Count: > 0 } list)
            {
                return list.Children;
            }

            Error(node, $"'{key}' should be a list with at least one entry");
        }
        else if (isRequired)
        {
            Error(_node, $"lacks '{key}'");
        }

        return [];
    }

    /// <summary>A list of texts.</summary>
    public string[] Texts(string key, bool isRequired)
        => [.. List(key, isRequired).Select(node => (node as YamlScalarNode)?.Value ?? string.Empty)];

    public void Error(string key, string problem) => Error(_nodes.GetValueOrDefault(key, _node), problem);

    /// <summary>Reports keys that were never asked for: misspelt ones, mostly.</summary>
    public void EndOfKeys()
    {
        foreach (var (key, node) in _nodes)
        {
            if (!_asked.Contains(key))
            {
                Error(node, $"has an unknown key '{key}'");
            }
        }
    }

    public static string Hyphenated<T>(T value)
        where T : struct, Enum
        => string.Concat(value.ToString().Select((c, i) => char.IsAsciiLetterUpper(c) ? (i > 0 ? "-" : string.Empty) + char.ToLowerInvariant(c) : c.ToString()));

    private void Error(YamlNode node, string problem) => _errors.Add(string.Create(CultureInfo.InvariantCulture, $"line {node.Start.Line}: {problem}."));
}

internal delegate bool TryParse<T>(string text, out T value);
