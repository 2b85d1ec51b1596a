namespace Pipeline.Contracts;

/// <summary>
/// Something a known user did, as it stands on <see cref="Topics.Activity"/>. For paths where reading well matters more
/// than speed; the hot path works on <see cref="DecodedEvent"/>. Times are Unix ms, UTC.
/// </summary>
public sealed record ActivityEvent
{
    public required Guid EventId { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>Not <see cref="EventType.Profile"/>, which is a <see cref="UserEvent"/>.</summary>
    public required EventType EventType { get; init; }

    public required long EventTime { get; init; }

    public string? RunId { get; init; }

    public required string Source { get; init; }

    public int SchemaVersion { get; init; } = EventDecoder.SchemaVersion;

    /// <summary>The client's own session id.</summary>
    public string? SessionHint { get; init; }

    public string? Page { get; init; }

    public string? Device { get; init; }

    public string? Detail { get; init; }
}
