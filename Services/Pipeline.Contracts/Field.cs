namespace Pipeline.Contracts;

/// <summary>The contract's fields; the wire name is the snake_case name. Envelope first, then the ten fields of a user, then those of an activity.</summary>
public enum Field : byte
{
    EventId,
    UserId,
    EventType,
    EventTime,
    RunId,
    Source,
    SchemaVersion,
    FirstName,
    LastName,
    Email,
    Gender,
    Dob,
    Age,
    Phone,
    Nationality,
    Address,
    Picture,
    SessionHint,
    Page,
    Device,
    Detail,
    None = 255,
}
