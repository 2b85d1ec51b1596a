namespace Pipeline.Contracts;

/// <summary>
/// The first wrong field of an event, kept apart for envelope and topics: which topic's fields count is only known once
/// <c>event_type</c> has been read, and members may come in any order.
/// </summary>
internal struct FieldErrors
{
    private DecodeResult _version;
    private DecodeResult _ofEnvelope;
    private DecodeResult _ofUser;
    private DecodeResult _ofActivity;

    /// <summary>Fields met so far, null ones too.</summary>
    public ulong Seen { get; private set; }

    /// <summary>Notes that the field occurs at an offset; false, and an error, when it is not for the first time.</summary>
    public bool IsFirst(Field field, int offset)
    {
        var bit = 1UL << (int)field;
        if ((Seen & bit) != 0)
        {
            Add(ReasonCode.DuplicateField, offset, field);
            return false;
        }

        Seen |= bit;
        return true;
    }

    public void Add(ReasonCode reason, int offset, Field field)
    {
        ref var first = ref _ofActivity;
        if (reason == ReasonCode.UnknownSchema)
        {
            first = ref _version;
        }
        else if (FieldSets.Contains(FieldSets.Envelope, field))
        {
            first = ref _ofEnvelope;
        }
        else if (FieldSets.Contains(FieldSets.OfUser, field))
        {
            first = ref _ofUser;
        }

        if (first.IsSuccess)
        {
            first = new DecodeResult(reason, offset, field);
        }
    }

    /// <summary>The error to report; a success when there is none.</summary>
    public readonly DecodeResult First(EventType type)
    {
        if (!_version.IsSuccess)
        {
            return _version;
        }

        var ofTopic = type switch
        {
            EventType.Profile => _ofUser,
            EventType.Unknown => new DecodeResult(ReasonCode.None),
            _ => _ofActivity,
        };
        return ofTopic.IsSuccess || (!_ofEnvelope.IsSuccess && _ofEnvelope.ErrorOffset < ofTopic.ErrorOffset) ? _ofEnvelope : ofTopic;
    }
}
