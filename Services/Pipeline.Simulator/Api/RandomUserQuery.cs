using System.Globalization;
using Microsoft.Extensions.Primitives;
using Pipeline.Simulator.People;

namespace Pipeline.Simulator.Api;

/// <summary>The parameters of a call after the coercions of version 1.4: nothing is ever refused, what makes no sense falls back to a default.</summary>
internal sealed record RandomUserQuery
{
    public const int MaxResults = 5_000;
    private const int MaxPage = 10_000;

    // A seed of this length ends in the hexadecimal index of a nationality.
    private const int SeedWithNationalityLength = 18;

    public required int Results { get; init; }

    /// <summary>Null when none was given.</summary>
    public required string? Seed { get; init; }

    /// <summary>1 to 10,000; fractions are kept, as in the original.</summary>
    public required double Page { get; init; }

    public required PersonRequest People { get; init; }

    public required PersonFields Fields { get; init; }

    public required bool NoInfo { get; init; }

    public required ResponseFormat Format { get; init; }

    public required bool IsDownload { get; init; }

    /// <summary>Function name of a JSONP call; JSON formats only.</summary>
    public required string? Callback { get; init; }

    /// <summary>What <c>info.seed</c> carries behind the seed when a nationality comes from outside <c>nat</c>.</summary>
    public required string SeedSuffix { get; init; }

    private string PageText => Page.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The key of the page's people. Of a seed that ends in a nationality only the first 16 characters count.</summary>
    public SeedKey KeyFor(string seed) => SeedKey.ForPage(seed.Length == SeedWithNationalityLength ? seed[..16] : seed, PageText);

    public static RandomUserQuery Parse(IQueryCollection query, NationalityCatalog catalog)
    {
        var seed = Last(query, "seed");
        var lego = query.ContainsKey("lego") && Last(query, "lego") != "false";
        var (nationalities, suffix) = Nationalities(query, seed, lego, catalog);
        var format = Last(query, "fmt") is { Length: > 0 } fmt ? fmt : Last(query, "format");
        return new RandomUserQuery
        {
            Results = ParseResults(query["results"]),
            Seed = seed.Length > 0 ? seed : null,
            Page = ParsePage(Last(query, "page")),
            People = new PersonRequest(nationalities, ParseGender(Last(query, "gender"), seed), PasswordPolicy.Parse(Last(query, "password"))),
            Fields = ParseFields(Last(query, "inc"), Last(query, "exc")),

            // The original tests "lego" here where it means "noinfo": noinfo=false still drops the block.
            NoInfo = query.ContainsKey("noinfo") && Last(query, "lego") != "false",
            Format = format.ToLowerInvariant() switch
            {
                "pretty" or "prettyjson" => ResponseFormat.PrettyJson,
                "csv" => ResponseFormat.Csv,
                "yaml" => ResponseFormat.Yaml,
                "xml" => ResponseFormat.Xml,
                _ => ResponseFormat.Json,
            },
            IsDownload = query.ContainsKey("dl") || query.ContainsKey("download"),
            Callback = query.TryGetValue("callback", out var callback) ? string.Join(',', callback.ToArray()) : null,
            SeedSuffix = suffix,
        };
    }

    /// <summary>Whole numbers from 1 to 5,000 in any notation JavaScript reads; everything else, a repeated parameter too, is 1.</summary>
    private static int ParseResults(StringValues values)
    {
        if (values.Count != 1 || string.IsNullOrEmpty(values[0]))
        {
            return 1;
        }

        var results = JsNumber.Parse(values[0]!);
        return results is >= 1 and <= MaxResults && double.IsInteger(results) ? (int)results : 1;
    }

    private static double ParsePage(string text)
    {
        var page = JsNumber.Parse(text);
        return page is > 0 and <= MaxPage ? page : 1;
    }

    /// <summary>A seed makes the gender parameter mean nothing.</summary>
    private static bool? ParseGender(string gender, string seed) => (seed, gender) switch
    {
        ("", "female") => true,
        ("", "male") => false,
        _ => null,
    };

    private static PersonFields ParseFields(string inc, string exc)
    {
        var included = inc.Length > 0 ? ReadFields(inc) : PersonFields.All;
        return included & ~ReadFields(exc);
    }

    private static PersonFields ReadFields(string list)
    {
        var fields = PersonFields.None;
        foreach (var item in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // Enum.TryParse also reads numbers, which are no field names.
            if (!char.IsAsciiDigit(item[0]) && item[0] is not ('-' or '+')
                && Enum.TryParse<PersonFields>(item, ignoreCase: true, out var field)
                && field is not PersonFields.All)
            {
                fields |= field;
            }
        }

        return fields;
    }

    private static (NationalityProfile[] Nationalities, string SeedSuffix) Nationalities(
        IQueryCollection query, string seed, bool lego, NationalityCatalog catalog)
    {
        if (seed.Length == SeedWithNationalityLength
            && int.TryParse(seed.AsSpan(16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var index)
            && index < catalog.All.Length)
        {
            return ([catalog.All[index]], index.ToString("x2", CultureInfo.InvariantCulture));
        }

        if (lego)
        {
            // The original looks the hidden nationality up in the list it is hidden from, and appends the answer.
            return ([catalog.Lego], "-1");
        }

        var given = Last(query, "nat") is { Length: > 0 } nat ? nat : Last(query, "nationality");
        var codes = given.ToUpperInvariant().Split(',', StringSplitOptions.RemoveEmptyEntries);
        NationalityProfile[] profiles = [.. codes.Select(catalog.Find).OfType<NationalityProfile>()];

        // One unknown code and the whole list is ignored.
        return profiles.Length > 0 && profiles.Length == codes.Length ? (profiles, "") : (catalog.All, "");
    }

    /// <summary>Of a repeated parameter the last value counts; an absent one is empty.</summary>
    private static string Last(IQueryCollection query, string name) => query.TryGetValue(name, out var values) && values.Count > 0 ? values[^1] ?? "" : "";
}
