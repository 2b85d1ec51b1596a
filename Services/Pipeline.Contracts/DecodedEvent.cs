using System.Runtime.CompilerServices;

namespace Pipeline.Contracts;

/// <summary>
/// What the pipeline needs of one event, decoded from a record's value without allocating: a struct of numbers, ids and
/// positions of text in the value's bytes. The value itself stays where it was read and is what the store keeps.
/// </summary>
/// <remarks>A member says something only where <see cref="Has"/> is true of its field; after a failed decode nothing does.</remarks>
public struct DecodedEvent
{
    public Guid EventId;

    public Guid UserId;

    /// <summary>When it happened, Unix ms, UTC.</summary>
    public long EventTime;

    public EventType EventType;

    public Gender Gender;

    /// <summary><see cref="Nationality.Unknown"/> when absent, and for a code that the contract does not list.</summary>
    public Nationality Nationality;

    public int SchemaVersion;

    /// <summary>Age in years as the source said it; −1 when absent.</summary>
    public int Age;

    /// <summary>Date of birth, Unix ms, UTC; <see cref="long.MinValue"/> when absent.</summary>
    public long DateOfBirth;

    /// <summary>Bit per contract field (index in <see cref="Field"/>): present and not null.</summary>
    public ulong Present;

    public TextSlice RunId;

    public TextSlice Source;

    public TextSlice FirstName;

    public TextSlice LastName;

    public TextSlice Email;

    /// <summary>The part of <see cref="Email"/> after its @; empty when the address is not of an e-mail address's shape.</summary>
    public TextSlice EmailDomain;

    public TextSlice Phone;

    public TextSlice Address;

    public TextSlice Picture;

    /// <summary>The code as written; says more than <see cref="Nationality"/> only where that is unknown.</summary>
    public TextSlice NationalityCode;

    public TextSlice SessionHint;

    public TextSlice Page;

    public TextSlice Device;

    public TextSlice Detail;

    /// <summary>Whether the field is there and not null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool Has(Field field) => (Present & (1UL << (int)field)) != 0;

    /// <summary>Where a text field stands in the value; empty when it is absent or not a field that is kept as text.</summary>
    public readonly TextSlice Slice(Field field) => field switch
    {
        Field.RunId => RunId,
        Field.Source => Source,
        Field.FirstName => FirstName,
        Field.LastName => LastName,
        Field.Email => Email,
        Field.Phone => Phone,
        Field.Nationality => NationalityCode,
        Field.Address => Address,
        Field.Picture => Picture,
        Field.SessionHint => SessionHint,
        Field.Page => Page,
        Field.Device => Device,
        Field.Detail => Detail,
        _ => default,
    };

    /// <summary>The text of such a field as a string, null when it is absent; allocates.</summary>
    public readonly string? TextOrNull(Field field, ReadOnlySpan<byte> value) => Has(field) ? Slice(field).Text(value) : null;
}
