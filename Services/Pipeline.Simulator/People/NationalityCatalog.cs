namespace Pipeline.Simulator.People;

/// <summary>The 21 nationalities of version 1.4 in the API's order, and the hidden <c>LEGO</c>.</summary>
internal sealed class NationalityCatalog
{
    private const string NanpFree = "(###)-###-####";

    // Characters that UK inward codes and national insurance prefixes use; both leave some letters out.
    private const string UkInward = "[ABDEFGHJLNPQRSTUWXYZ]";

    // Geographic numbers of every length that the UK numbering plan knows.
    private const string UkPhone = "{01### #####|01### ######|01#1 ### ####|013873 #####|015242 #####|015394 #####|015396 #####|016974 #####|016977 ####|016977 #####|017683 #####|017687 #####|019467 #####|020 #### ####|02# #### ####|0117### ### ####}";

    private const string UkPostcode =
        "{@# #" + UkInward + UkInward + "|@@# #" + UkInward + UkInward + "|@## #" + UkInward + UkInward
        + "|@@## #" + UkInward + UkInward + "|@@#@ #" + UkInward + UkInward + "|@#@ #" + UkInward + UkInward + "}";

    private readonly Dictionary<string, NationalityProfile> _byCode;

    public NationalityCatalog()
    {
        All =
        [
            Profile("AU", "Australia", "0#-####-####", "04##-###-###", NationalId.FromPattern("TFN", "#########"), postcodes: (200, 9_999)),
            Profile("BR", "Brazil", "(##) ####-####", "(##) ####-####", NationalId.FromPattern("CPF", "###.###.###-##")),
            Profile("CA", "Canada", "@## @##-####", "@## @##-####", new("SIN", NationalIds.Sin), postcodePattern: "@#@ #@#"),
            Profile(
                "CH", "Switzerland", "07[56789] ### ## ##", "07[56789] ### ## ##", NationalId.FromPattern("AVS", "756.####.####.##"), postcodes: (1_000, 9_999),
                maleTitle: "Monsieur", femaleTitles: ["Mademoiselle", "Madame"]),
            Profile("DE", "Germany", "0###-#######", "017#-#######", new("SVNR", NationalIds.Svnr)),
            Profile("DK", "Denmark", "########", "########", new("CPR", NationalIds.Cpr)),
            Profile("ES", "Spain", "9##-###-###", "6##-###-###", NationalId.FromPattern("DNI", "########-@")),
            Profile("FI", "Finland", "0[23456789]-###-###", "04#-###-##-##", new("HETU", NationalIds.Hetu)),
            Profile("FR", "France", "0[12345]-##-##-##-##", "06-##-##-##-##", new("INSEE", NationalIds.Insee)),
            Profile(
                "GB", "United Kingdom", UkPhone, "07### ######",
                NationalId.FromPattern("NINO", "[ABCEGHJKLMNOPRSTWXYZ][ABCEGHJKLMNPRSTWXYZ] ## ## ## @"), postcodePattern: UkPostcode),
            Profile("IE", "Ireland", "0[1234567]1-###-####", "081-###-####", NationalId.FromPattern("PPS", "#######T")),
            Profile("IN", "India", "[789]#########", "[789]#########", NationalId.FromPattern("UIDAI", "############")),
            Profile("IR", "Iran", "0##-########", "09##-###-####", NationalId.None),
            Profile("MX", "Mexico", "(6##) ### ####", "(6##) ### ####", NationalId.FromPattern("NSS", "## ## ## #### #")),
            Profile("NL", "Netherlands", NanpFree, NanpFree, NationalId.FromPattern("BSN", "########")),
            Profile("NO", "Norway", "[235678]#######", "[49]#######", new("FN", NationalIds.Fodselsnummer), postcodePattern: "####"),
            Profile("NZ", "New Zealand", NanpFree, NanpFree, NationalId.None),
            Profile("RS", "Serbia", "0[123]#-####-###", "06#-####-###", NationalId.FromPattern("SID", "#########")),
            Profile("TR", "Turkey", NanpFree, NanpFree, NationalId.None),
            Profile("UA", "Ukraine", "(0{66|67|68|96|97|98|99}) @##-####", "(0{66|67|68|96|97|98|99}) @##-####", NationalId.None),
            Profile("US", "United States", "([23456789]##) [23456789]##-####", "([23456789]##) [23456789]##-####", new("SSN", NationalIds.Ssn)),
        ];

        // The hidden nationality lives among Americans and has no country.
        Lego = Profile("LEGO", null, NanpFree, NanpFree, NationalId.FromPattern("SN", "############"), lists: "US");
        _byCode = All.ToDictionary(profile => profile.Code, StringComparer.Ordinal);

        var common = NameLists.Load("common");
        Passwords = common["password"];
        UsernameAdjectives = common["adjective"];
        UsernameAnimals = common["animal"];
        TimeZones = [.. common["timezone"].Select(line => line.Split('|')).Select(parts => new TimeZonePair(parts[0], parts[1]))];
    }

    public NationalityProfile[] All { get; }

    public NationalityProfile Lego { get; }

    public string[] Passwords { get; }

    public string[] UsernameAdjectives { get; }

    public string[] UsernameAnimals { get; }

    public TimeZonePair[] TimeZones { get; }

    /// <summary>The profile of a code in capitals; null for a code the API does not offer, <c>LEGO</c> among them.</summary>
    public NationalityProfile? Find(string code) => _byCode.GetValueOrDefault(code);

    public int IndexOf(NationalityProfile profile) => Array.IndexOf(All, profile);

    private static NationalityProfile Profile(
        string code,
        string? country,
        string phone,
        string cell,
        NationalId id,
        string? postcodePattern = null,
        (int Min, int Max)? postcodes = null,
        string maleTitle = "Mr",
        string[]? femaleTitles = null,
        string? lists = null)
    {
        var data = NameLists.Load(lists ?? code);
        return new NationalityProfile
        {
            Code = code,
            Country = country,
            MaleNames = Names(data["male"]),
            FemaleNames = Names(data["female"]),
            LastNames = Names(data["last"]),
            Streets = data["street"],
            Cities = data["city"],
            States = data["state"],
            Phone = phone,
            Cell = cell,
            Id = id,
            PostcodePattern = postcodePattern,
            PostcodeRange = postcodes ?? (10_000, 99_999),
            MaleTitle = maleTitle,
            FemaleTitles = femaleTitles ?? ["Ms", "Mrs", "Miss"],
        };
    }

    private static PersonName[] Names(string[] names) => [.. names.Select(name => new PersonName(name, Transliteration.ToEmailPart(name)))];
}
