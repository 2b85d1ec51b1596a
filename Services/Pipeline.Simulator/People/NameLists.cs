using System.Text;

namespace Pipeline.Simulator.People;

/// <summary>
/// The embedded lists <c>People/Data/*.txt</c>: sections in brackets, items separated by commas or line ends. Order matters: an item's
/// place is part of what a seed means, so lists are not sorted or changed without raising the golden hash in the tests.
/// </summary>
internal sealed class NameLists
{
    private readonly Dictionary<string, string[]> _sections = [];

    public string[] this[string section] => _sections[section];

    public static NameLists Load(string name)
    {
        using var stream = typeof(NameLists).Assembly.GetManifestResourceStream($"People.Data.{name}.txt")
            ?? throw new InvalidOperationException($"The list '{name}' is not embedded in this assembly.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var lists = new NameLists();
        var section = "";
        var items = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('['))
            {
                lists.Close(section, items);
                section = line.Trim('[', ']');
            }
            else
            {
                // Time zones are one a line: their descriptions hold commas.
                items.AddRange(line.Contains('|', StringComparison.Ordinal)
                    ? [line]
                    : line.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
            }
        }

        lists.Close(section, items);
        return lists;
    }

    private void Close(string section, List<string> items)
    {
        if (section.Length > 0)
        {
            _sections[section] = [.. items];
        }

        items.Clear();
    }
}
