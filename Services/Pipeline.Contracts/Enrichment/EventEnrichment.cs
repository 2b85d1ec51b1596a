namespace Pipeline.Contracts;

/// <summary>
/// What is added to an event, as pure functions of it. Names are interned strings taken from tables, so that enriching
/// allocates nothing; <c>unknown</c> stands where the event does not say.
/// </summary>
public static class EventEnrichment
{
    private const string Unknown = "unknown";

    // The band of every age from 0 to 120, by the bands' first ages.
    private static readonly (int From, string Name)[] Bands =
        [(0, "0-17"), (18, "18-24"), (25, "25-34"), (35, "35-44"), (45, "45-54"), (55, "55-64"), (65, "65+")];

    /// <summary>The age bands, youngest first.</summary>
    public static IReadOnlyList<string> AgeBands { get; } = [.. Bands.Select(band => band.Name)];

    /// <summary><c>0-17</c>, <c>18-24</c>, … <c>65+</c>; <c>unknown</c> for a negative age.</summary>
    public static string AgeBand(int age)
    {
        for (var i = Bands.Length - 1; i >= 0; i--)
        {
            if (age >= Bands[i].From)
            {
                return Bands[i].Name;
            }
        }

        return Unknown;
    }

    public static string AgeBand(in DecodedEvent e) => AgeBand(e.Age);

    /// <summary><c>Germany</c>, …</summary>
    public static string CountryName(in DecodedEvent e) => Country.Of(e.Nationality).Name;

    /// <summary><c>Western Europe</c>, …</summary>
    public static string Region(in DecodedEvent e) => Country.Of(e.Nationality).Region;

    /// <summary>The domain of the e-mail address as it stands in the value; empty when there is none.</summary>
    public static ReadOnlySpan<byte> EmailDomain(in DecodedEvent e, ReadOnlySpan<byte> value) => e.EmailDomain.Raw(value);

    /// <summary>First and last name; allocates.</summary>
    public static string FullName(in DecodedEvent e, ReadOnlySpan<byte> value)
        => (e.FirstName.Text(value) + " " + e.LastName.Text(value)).Trim();
}
