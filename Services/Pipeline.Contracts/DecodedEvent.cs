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

    /// <summary>The part of <see cref="Email"/> after its @; empty when the address is not of an e-mail address's shape.</summary>
    public TextSlice EmailDomain;

    // By field, so that keeping a text is one store and no choice.
    private TextSlices _texts;

    public readonly TextSlice RunId => _texts[(int)Field.RunId];

    public readonly TextSlice Source => _texts[(int)Field.Source];

    public readonly TextSlice FirstName => _texts[(int)Field.FirstName];

    public readonly TextSlice LastName => _texts[(int)Field.LastName];

    public readonly TextSlice Email => _texts[(int)Field.Email];

    public readonly TextSlice Phone => _texts[(int)Field.Phone];

    /// <summary>The code as written; says more than <see cref="Nationality"/> only where that is unknown.</summary>
    public readonly TextSlice NationalityCode => _texts[(int)Field.Nationality];

    public readonly TextSlice Address => _texts[(int)Field.Address];

    public readonly TextSlice Picture => _texts[(int)Field.Picture];

    public readonly TextSlice SessionHint => _texts[(int)Field.SessionHint];

    public readonly TextSlice Page => _texts[(int)Field.Page];

    public readonly TextSlice Device => _texts[(int)Field.Device];

    public readonly TextSlice Detail => _texts[(int)Field.Detail];

    /// <summary>Whether the field is there and not null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool Has(Field field) => (Present & (1UL << (int)field)) != 0;

    /// <summary>Where a field's text stands in the value; empty when it is absent or not text.</summary>
    public readonly TextSlice Slice(Field field) => field == Field.None ? default : _texts[(int)field];

    /// <summary>The text of such a field as a string, null when it is absent; allocates.</summary>
    public readonly string? TextOrNull(Field field, ReadOnlySpan<byte> value) => Has(field) ? Slice(field).Text(value) : null;

    internal void Keep(Field field, TextSlice text) => _texts[(int)field] = text;

    [InlineArray(Length)]
    private struct TextSlices
    {
        public const int Length = (int)Field.Detail + 1;

        private TextSlice _first;
    }
}
