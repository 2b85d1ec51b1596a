using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>Which events are looked at: one value of each dimension, or every one. Compared by value.</summary>
public sealed record CrossFilter(string? EventType = null, string? Nationality = null, string? Gender = null, string? AgeBand = null)
{
    /// <summary>What can be chosen, as the store names it and as it stands in addresses.</summary>
    public static IReadOnlyList<string> Dimensions { get; } = ["event_type", "gender", "age_band", "nationality"];

    public bool IsEmpty => this == new CrossFilter();

    /// <summary>What is chosen of a dimension; null for every value.</summary>
    public string? this[string dimension] => dimension switch
    {
        "event_type" => EventType,
        "nationality" => Nationality,
        "gender" => Gender,
        "age_band" => AgeBand,
        _ => null,
    };

    /// <summary>The dimensions of which a value is chosen.</summary>
    public IEnumerable<string> Chosen => Dimensions.Where(dimension => this[dimension] is not null);

    /// <summary>Whether an event is as chosen, whatever its value of one dimension is: so what else could be chosen there is counted.</summary>
    internal bool Takes(StoredEvent e, string? except = null)
        => Dimensions.All(dimension => dimension == except || this[dimension] is not { } value || value == ValueOf(e, dimension));

    /// <summary>An event's value, named as in the windows.</summary>
    internal static string ValueOf(StoredEvent e, string dimension) => dimension switch
    {
        "event_type" => e.EventType,
        "nationality" => e.Nationality,
        "country" => e.Country,
        "gender" => e.Gender,
        "age_band" => e.AgeBand,
        "nationality_gender" => $"{e.Nationality}/{e.Gender}",
        _ => "all",
    };
}
