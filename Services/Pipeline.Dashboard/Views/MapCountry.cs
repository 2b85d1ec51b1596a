namespace Pipeline.Dashboard.Views;

/// <summary>The outlines of the world's countries, read from the assembly once.</summary>
internal sealed record MapCountry(string Code, string Name, string Path)
{
    private const string Resource = "Page.world.tsv";

    private static readonly Lazy<IReadOnlyList<MapCountry>> Read = new(ReadAll);

    public static IReadOnlyList<MapCountry> All => Read.Value;

    private static List<MapCountry> ReadAll()
    {
        using var stream = typeof(MapCountry).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"{Resource} is not in the assembly.");
        using var reader = new StreamReader(stream);
        var countries = new List<MapCountry>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Split('\t') is [var code, var name, var path])
            {
                countries.Add(new MapCountry(code, name, path));
            }
        }

        return countries;
    }
}
