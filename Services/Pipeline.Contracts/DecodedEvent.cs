namespace Pipeline.Contracts;

/// <summary>
/// What the pipeline needs of one event, decoded from a record's value without allocating: a struct of numbers, ids and
/// positions of text in the value's bytes. The value itself stays where it was read and is what the store keeps.
/// </summary>
public struct DecodedEvent
{
    public Guid EventId;

    public Guid UserId;

    /// <summary>When it happened, Unix ms, UTC.</summary>
    public long EventTime;

    public EventType EventType;

    public Gender Gender;

    public Nationality Nationality;

    public int SchemaVersion;

    /// <summary>Age in years as the source said it; −1 when absent.</summary>
    public int Age;

    /// <summary>Date of birth, Unix ms, UTC; <see cref="long.MinValue"/> when absent.</summary>
    public long DateOfBirth;

    /// <summary>Bit per contract field (index in <see cref="Field"/>): present and not null.</summary>
    public ulong Present;

    public TextSlice Email;

    public TextSlice FirstName;

    public TextSlice LastName;
}

/// <summary>Text inside a record's value, still escaped as JSON.</summary>
/// <param name="IsEscaped">Whether it holds backslash escapes, so that reading it needs <c>JsonReaderHelper</c>-like unescaping.</param>
public readonly record struct TextSlice(int Start, int Length, bool IsEscaped);

/// <summary>Closed set of event types; the wire name is the lower-case name.</summary>
public enum EventType : byte
{
    Unknown,

    /// <summary>A user fetched from the RandomUser API (topic <c>users_topic</c>).</summary>
    Profile,
    Login,
    View,
    Update,
    Logout,
    Error,
}

public enum Gender : byte
{
    Unknown,
    Female,
    Male,
    Other,
}

/// <summary>Outcome of decoding one value.</summary>
/// <param name="ErrorOffset">Byte of the value at which the error was found; −1 when it concerns the whole value.</param>
/// <param name="Field">The contract field concerned, if any.</param>
public readonly record struct DecodeResult(ReasonCode Reason, int ErrorOffset = -1, Field Field = Field.None)
{
    public bool IsSuccess => Reason == ReasonCode.None;
}
