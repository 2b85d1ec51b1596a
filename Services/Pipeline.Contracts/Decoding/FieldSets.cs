namespace Pipeline.Contracts;

/// <summary>
/// Properties of the contract's fields as bit sets (bit = <see cref="Field"/>), constants so that the decoder's tests of
/// them cost nothing. A test checks each against the contract file.
/// </summary>
internal static class FieldSets
{
    public const ulong Envelope = (1UL << (int)Field.FirstName) - 1;

    public const ulong OfUser = ((1UL << (int)Field.SessionHint) - 1) & ~Envelope;

    public const ulong OfActivity = (1UL << (int)Field.SessionHint)
        | (1UL << (int)Field.Page)
        | (1UL << (int)Field.Device)
        | (1UL << (int)Field.Detail);

    public const ulong User = Envelope | OfUser;

    public const ulong Activity = Envelope | OfActivity;

    public const ulong Integer = (1UL << (int)Field.SchemaVersion) | (1UL << (int)Field.Age);

    public const ulong Nullable = (1UL << (int)Field.RunId)
        | (1UL << (int)Field.Dob)
        | (1UL << (int)Field.Age)
        | (1UL << (int)Field.Phone)
        | (1UL << (int)Field.Address)
        | (1UL << (int)Field.Picture)
        | OfActivity;

    /// <summary>What may be null may also be absent.</summary>
    public const ulong Required = (User | Activity) & ~Nullable;

    /// <summary>Text with a format; the other texts are free.</summary>
    public const ulong Formatted = (1UL << (int)Field.EventId)
        | (1UL << (int)Field.UserId)
        | (1UL << (int)Field.EventType)
        | (1UL << (int)Field.EventTime)
        | (1UL << (int)Field.Email)
        | (1UL << (int)Field.Gender)
        | (1UL << (int)Field.Dob)
        | (1UL << (int)Field.Nationality);

    public static bool Contains(ulong set, Field field) => (set & (1UL << (int)field)) != 0;

    /// <summary>The fields of an event of this type; of an unknown type, those that every event has.</summary>
    public static ulong Of(EventType type) => type switch
    {
        EventType.Profile => User,
        EventType.Unknown => Envelope,
        _ => Activity,
    };
}
