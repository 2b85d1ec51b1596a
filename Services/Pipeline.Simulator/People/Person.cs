namespace Pipeline.Simulator.People;

/// <summary>One generated user. Reused from one index to the next while a response is written, so that 5,000 users cost no more memory than one.</summary>
internal sealed class Person
{
    public NationalityProfile Nationality { get; set; } = null!;

    public bool IsFemale { get; set; }

    public string Title { get; set; } = "";

    public PersonName First { get; set; }

    public PersonName Last { get; set; }

    public int StreetNumber { get; set; }

    public string Street { get; set; } = "";

    public string City { get; set; } = "";

    public string State { get; set; } = "";

    /// <summary>The postcode where it is a number in the JSON; <see cref="PostcodeText"/> is null then.</summary>
    public int PostcodeNumber { get; set; }

    public string? PostcodeText { get; set; }

    public string Latitude { get; set; } = "";

    public string Longitude { get; set; } = "";

    public TimeZonePair TimeZone { get; set; }

    public Guid Uuid { get; set; }

    public string Username { get; set; } = "";

    public string Password { get; set; } = "";

    public string Salt { get; set; } = "";

    public DateTime DateOfBirth { get; set; }

    public DateTime Registered { get; set; }

    public string Phone { get; set; } = "";

    public string Cell { get; set; } = "";

    public string? IdValue { get; set; }

    public int Portrait { get; set; }
}

/// <summary>A name and its part of an e-mail address.</summary>
internal readonly record struct PersonName(string Text, string EmailPart);

internal readonly record struct TimeZonePair(string Offset, string Description);
