namespace Pipeline.Contracts;

/// <summary>JSON type of a field.</summary>
public enum FieldType
{
    String,
    Integer,
}

/// <summary>What a field's text must look like.</summary>
public enum FieldFormat
{
    /// <summary>Free text without U+0000.</summary>
    Text,
    Uuid,
    DateTime,
    Email,
    Uri,
    EventType,
    Gender,
    Nationality,
}

/// <summary>Kind of personal data a field is.</summary>
public enum PiiKind
{
    /// <summary>Not personal.</summary>
    None,
    Identity,
    Contact,
    Demographic,
    Location,
}

/// <summary>The four families of quality rules.</summary>
public enum RuleFamily
{
    Schema,
    Completeness,
    Consistency,
    Freshness,
}

/// <summary>What becomes of a record that breaks a rule.</summary>
public enum RuleSeverity
{
    /// <summary>Stored and flagged.</summary>
    Warn,

    /// <summary>Becomes a dead letter.</summary>
    Reject,
}

/// <summary>Where a rule is checked.</summary>
public enum RuleScope
{
    /// <summary>While the value is decoded: <see cref="EventDecoder"/>.</summary>
    Value,

    /// <summary>On the decoded event: <see cref="QualityRules"/>.</summary>
    Row,

    /// <summary>By the stream task, because it needs more than one event or the time of processing.</summary>
    Stream,
}

/// <summary>What a rule of scope row computes.</summary>
public enum RuleCheck
{
    None,
    EmailShape,
    HttpUrl,
    AgeRange,
    AgeMatchesDob,
    DobInPast,
    NationalityKnown,
    NationalityMatchesCountry,
    EventTimeMin,
    EventTimeMax,
    Freshness,
}
