using System.Security;
using System.Text;
using System.Text.Json;

namespace Pipeline.Simulator.Formats;

/// <summary>The answer as XML: root <c>user</c>, one element per property, an array as repeated elements, null as an empty element, tabs.</summary>
internal static class XmlFormat
{
    public static string Convert(JsonElement root)
    {
        var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Append(xml, "user", root, 0);
        return xml.ToString();
    }

    private static void Append(StringBuilder xml, string name, JsonElement element, int depth)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            var first = true;
            foreach (var item in element.EnumerateArray())
            {
                xml.Append(first ? "" : "\n");
                first = false;
                Append(xml, name, item, depth);
            }

            return;
        }

        xml.Append('\t', depth).Append('<').Append(name);
        if (element.ValueKind != JsonValueKind.Object)
        {
            xml.Append('>').Append(SecurityElement.Escape(element.ToString())).Append("</").Append(name).Append('>');
            return;
        }

        var isEmpty = true;
        foreach (var property in element.EnumerateObject())
        {
            xml.Append(isEmpty ? ">\n" : "\n");
            isEmpty = false;
            Append(xml, property.Name, property.Value, depth + 1);
        }

        if (isEmpty)
        {
            xml.Append("/>");
        }
        else
        {
            xml.Append('\n').Append('\t', depth).Append("</").Append(name).Append('>');
        }
    }
}
