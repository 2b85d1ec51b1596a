using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Simulator.Api;

namespace Pipeline.Simulator.Formats;

/// <summary>The answer as YAML, laid out as the original's: four spaces a level, objects below the fourth level in braces, single quotes where needed.</summary>
internal static class YamlFormat
{
    private const int InlineDepth = 4;

    private static readonly SearchValues<char> Special = SearchValues.Create(" \t\n\r'\":{}[],&*#?");

    public static string Convert(JsonElement root)
    {
        var yaml = new StringBuilder();
        AppendBlock(yaml, root, 0);
        return yaml.ToString();
    }

    private static void AppendBlock(StringBuilder yaml, JsonElement element, int depth)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                yaml.Append(' ', depth * 4).Append("-\n");
                AppendBlock(yaml, item, depth + 1);
            }

            return;
        }

        foreach (var property in element.EnumerateObject())
        {
            yaml.Append(' ', depth * 4).Append(property.Name).Append(':');
            if (property.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array && depth + 1 < InlineDepth)
            {
                yaml.Append('\n');
                AppendBlock(yaml, property.Value, depth + 1);
            }
            else
            {
                yaml.Append(' ');
                AppendInline(yaml, property.Value);
                yaml.Append('\n');
            }
        }
    }

    private static void AppendInline(StringBuilder yaml, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            yaml.Append(element.ValueKind == JsonValueKind.String ? Scalar(element.GetString()!) : element.GetRawText());
            return;
        }

        yaml.Append('{');
        var first = true;
        foreach (var property in element.EnumerateObject())
        {
            yaml.Append(first ? "" : ", ").Append(property.Name).Append(": ");
            first = false;
            AppendInline(yaml, property.Value);
        }

        yaml.Append('}');
    }

    private static string Scalar(string text)
    {
        if (text.Length == 0)
        {
            return "\"\"";
        }

        return NeedsQuotes(text)
            ? string.Create(CultureInfo.InvariantCulture, $"'{text.Replace("'", "''", StringComparison.Ordinal)}'")
            : text;
    }

    private static bool NeedsQuotes(string text)
        => text.AsSpan().ContainsAny(Special)
            || "-?|<>=!%@`".Contains(text[0], StringComparison.Ordinal)
            || text.ToLowerInvariant() is "null" or "~" or "true" or "false"
            || !double.IsNaN(JsNumber.Parse(text));
}
