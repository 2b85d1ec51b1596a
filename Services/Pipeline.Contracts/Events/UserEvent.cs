namespace Pipeline.Contracts;

/// <summary>
/// A user fetched from the source, as it stands on <see cref="Topics.Users"/>. For paths where reading well matters more
/// than speed; the hot path works on <see cref="DecodedEvent"/>. Times are Unix ms, UTC.
/// </summary>
public sealed record UserEvent
{
    public required Guid EventId { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>The instant of the fetch, for a scheduled run the last millisecond of its data interval.</summary>
    public required long EventTime { get; init; }

    public string? RunId { get; init; }

    public required string Source { get; init; }

    public int SchemaVersion { get; init; } = EventDecoder.SchemaVersion;

    public required string FirstName { get; init; }

    public required string LastName { get; init; }

    public required string Email { get; init; }

    public required Gender Gender { get; init; }

    public long? DateOfBirth { get; init; }

    /// <summary>In years, as the source says.</summary>
    public int? Age { get; init; }

    public string? Phone { get; init; }

    /// <summary>ISO 3166-1 alpha-2 code in capitals; not always one of <see cref="Contracts.Nationality"/>.</summary>
    public required string Nationality { get; init; }

    /// <summary>One line, the country last.</summary>
    public string? Address { get; init; }

    /// <summary>Address of a portrait.</summary>
    public string? Picture { get; init; }
}
