namespace Pipeline.Simulator.People;

/// <summary>How people of one nationality are named, where they live and how their numbers look.</summary>
internal sealed class NationalityProfile
{
    public required string Code { get; init; }

    /// <summary>English name; null for <c>LEGO</c>, which has none in the API either.</summary>
    public required string? Country { get; init; }

    public required PersonName[] MaleNames { get; init; }

    public required PersonName[] FemaleNames { get; init; }

    public required PersonName[] LastNames { get; init; }

    public required string[] Streets { get; init; }

    public required string[] Cities { get; init; }

    public required string[] States { get; init; }

    /// <summary>Patterns of <see cref="TextPattern"/>.</summary>
    public required string Phone { get; init; }

    public required string Cell { get; init; }

    public required NationalId Id { get; init; }

    /// <summary>Set where postcodes are text; else they are numbers in the range below.</summary>
    public string? PostcodePattern { get; init; }

    public (int Min, int Max) PostcodeRange { get; init; } = (10_000, 99_999);

    public string MaleTitle { get; init; } = "Mr";

    public string[] FemaleTitles { get; init; } = ["Ms", "Mrs", "Miss"];
}

/// <summary>Makes the value of <c>id</c> for a person whose other fields are set.</summary>
internal delegate string? NationalIdValue(Person person, ref Xoshiro256 random);

/// <summary>The national id of a nationality; an empty name and a null value where the API knows none.</summary>
internal sealed record NationalId(string Name, NationalIdValue Value)
{
    public static NationalId None { get; } = new("", static (_, ref _) => null);

    public static NationalId FromPattern(string name, string pattern) => new(name, (_, ref random) => TextPattern.Fill(pattern, ref random));
}
