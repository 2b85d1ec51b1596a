using System.Text;
using System.Text.Json;

namespace Pipeline.Simulator.Formats;

/// <summary>Users as CSV: one column per leaf named by its path (<c>location.street.name</c>), <c>null</c> written out, lines ended by LF, none at the end.</summary>
internal static class CsvFormat
{
    public static string Convert(JsonElement results)
    {
        var columns = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        var rows = new List<Dictionary<string, string>>(results.GetArrayLength());
        foreach (var person in results.EnumerateArray())
        {
            var row = new Dictionary<string, string>(StringComparer.Ordinal);
            Flatten(person, "", row);
            columns.AddRange(row.Keys.Where(known.Add));
            rows.Add(row);
        }

        var csv = new StringBuilder();
        AppendLine(csv, columns);
        foreach (var row in rows)
        {
            csv.Append('\n');
            AppendLine(csv, columns.Select(column => row.GetValueOrDefault(column, "null")));
        }

        return csv.ToString();
    }

    private static void Flatten(JsonElement element, string path, Dictionary<string, string> row)
    {
        foreach (var property in element.EnumerateObject())
        {
            var name = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                Flatten(property.Value, name, row);
            }
            else
            {
                row[name] = property.Value.ValueKind == JsonValueKind.Null ? "null" : property.Value.ToString();
            }
        }
    }

    private static void AppendLine(StringBuilder csv, IEnumerable<string> values)
    {
        var first = true;
        foreach (var value in values)
        {
            csv.Append(first ? "" : ",");
            first = false;
            if (value.AsSpan().IndexOfAny(",\"\n\r") >= 0)
            {
                csv.Append('"').Append(value.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            }
            else
            {
                csv.Append(value);
            }
        }
    }
}
