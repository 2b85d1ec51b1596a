namespace Pipeline.Contracts;

/// <summary>The country of a nationality.</summary>
/// <param name="Name">In English, as the RandomUser API spells it.</param>
/// <param name="ShortName">What else addresses may end with; empty when nothing.</param>
/// <param name="Region">Part of the world.</param>
public sealed record Country(string Name, string ShortName, string Region)
{
    /// <summary>For a nationality that is not known.</summary>
    public static Country Unknown { get; } = new("unknown", string.Empty, "unknown");

    private static readonly Country[] ByNationality = Index(new()
    {
        [Contracts.Nationality.AU] = new("Australia", string.Empty, "Oceania"),
        [Contracts.Nationality.BR] = new("Brazil", string.Empty, "South America"),
        [Contracts.Nationality.CA] = new("Canada", string.Empty, "North America"),
        [Contracts.Nationality.CH] = new("Switzerland", string.Empty, "Western Europe"),
        [Contracts.Nationality.DE] = new("Germany", string.Empty, "Western Europe"),
        [Contracts.Nationality.DK] = new("Denmark", string.Empty, "Northern Europe"),
        [Contracts.Nationality.ES] = new("Spain", string.Empty, "Southern Europe"),
        [Contracts.Nationality.FI] = new("Finland", string.Empty, "Northern Europe"),
        [Contracts.Nationality.FR] = new("France", string.Empty, "Western Europe"),
        [Contracts.Nationality.GB] = new("United Kingdom", "UK", "Northern Europe"),
        [Contracts.Nationality.IE] = new("Ireland", string.Empty, "Northern Europe"),
        [Contracts.Nationality.IN] = new("India", string.Empty, "Southern Asia"),
        [Contracts.Nationality.IR] = new("Iran", string.Empty, "Southern Asia"),
        [Contracts.Nationality.MX] = new("Mexico", string.Empty, "Central America"),
        [Contracts.Nationality.NL] = new("Netherlands", string.Empty, "Western Europe"),
        [Contracts.Nationality.NO] = new("Norway", string.Empty, "Northern Europe"),
        [Contracts.Nationality.NZ] = new("New Zealand", string.Empty, "Oceania"),
        [Contracts.Nationality.RS] = new("Serbia", string.Empty, "Southern Europe"),
        [Contracts.Nationality.TR] = new("Turkey", string.Empty, "Western Asia"),
        [Contracts.Nationality.UA] = new("Ukraine", string.Empty, "Eastern Europe"),
        [Contracts.Nationality.US] = new("United States", "USA", "North America"),
    });

    /// <summary>The country of a nationality; regions are those of the United Nations' M49 list, with North America apart.</summary>
    public static Country Of(Nationality nationality) => ByNationality[(int)nationality];

    private static Country[] Index(Dictionary<Nationality, Country> countries)
        => [.. Enum.GetValues<Nationality>().Select(nationality => countries.GetValueOrDefault(nationality, Unknown))];
}
