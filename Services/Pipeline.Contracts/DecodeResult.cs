namespace Pipeline.Contracts;

/// <summary>Outcome of decoding one value.</summary>
/// <param name="ErrorOffset">Byte of the value at which the error was found; −1 when it concerns the whole value.</param>
/// <param name="Field">The contract field concerned, if any.</param>
public readonly record struct DecodeResult(ReasonCode Reason, int ErrorOffset = -1, Field Field = Field.None)
{
    public bool IsSuccess => Reason == ReasonCode.None;

    /// <summary>The outcome in a sentence, for dead letters and answers to callers; allocates.</summary>
    public string Describe()
    {
        var what = Reason switch
        {
            ReasonCode.None => "The event is well-formed",
            ReasonCode.EmptyValue => "The record has no value",
            ReasonCode.TooLarge => $"The value is larger than {EventDecoder.MaxValueBytes} bytes",
            ReasonCode.InvalidUtf8 => "The value is not valid UTF-8",
            ReasonCode.MalformedJson => "The value is not valid JSON",
            ReasonCode.TooDeep => $"The value is nested deeper than {EventDecoder.MaxDepth} levels",
            ReasonCode.NotAnObject => "The value is not a JSON object",
            ReasonCode.DuplicateField => "The field occurs twice",
            ReasonCode.UnknownSchema when ErrorOffset == 0 && Field == Field.None => "The value is framed by a schema registry, and its schema is unknown or does not fit it",
            ReasonCode.UnknownSchema => $"The schema version is not known to this reader, which knows {EventDecoder.SchemaVersion}",
            ReasonCode.MissingField => "The required field is missing",
            ReasonCode.NullField => "The required field is null or empty",
            ReasonCode.WrongType => "The field is of the wrong JSON type",
            ReasonCode.BadFormat => "The field is not of its format, or not in its closed set",
            ReasonCode.OutOfRange => "The field is out of range",
            ReasonCode.Inconsistent => "The fields contradict each other",
            ReasonCode.Stale => "The event came too late after it happened",
            _ => "The record was rejected",
        };
        var field = Field == Field.None ? string.Empty : $": {Field.WireName()}";
        var offset = ErrorOffset < 0 ? string.Empty : $" (byte {ErrorOffset})";
        return what + field + offset + ".";
    }
}
