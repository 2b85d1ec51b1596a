namespace Pipeline.Contracts;

/// <summary>Why a record became a dead letter: a closed set. The wire form is the snake_case name (<c>malformed_json</c>).</summary>
public enum ReasonCode : byte
{
    None,

    /// <summary>The record has no value (a tombstone) or an empty one.</summary>
    EmptyValue,

    /// <summary>Larger than the contract allows.</summary>
    TooLarge,

    /// <summary>Not valid UTF-8.</summary>
    InvalidUtf8,

    /// <summary>Not valid JSON (truncated, trailing text, bad escape, …).</summary>
    MalformedJson,

    /// <summary>Nested deeper than the contract allows.</summary>
    TooDeep,

    /// <summary>Valid JSON, but not an object.</summary>
    NotAnObject,

    /// <summary>A field of the contract occurs twice.</summary>
    DuplicateField,

    /// <summary>A schema version or schema id that this reader does not know.</summary>
    UnknownSchema,

    /// <summary>A required field is absent.</summary>
    MissingField,

    /// <summary>A field that must not be null is null or empty.</summary>
    NullField,

    /// <summary>A field has another JSON type than the contract says.</summary>
    WrongType,

    /// <summary>A field's text is not of the contract's format (UUID, date-time, e-mail, …) or not in its closed set.</summary>
    BadFormat,

    /// <summary>A number or time outside the contract's range.</summary>
    OutOfRange,

    /// <summary>Fields contradict each other (age and date of birth, …).</summary>
    Inconsistent,

    /// <summary>Older than the contract's freshness limit for rejection.</summary>
    Stale,
}
