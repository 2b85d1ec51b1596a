using Pipeline.Contracts;

namespace Pipeline.Simulator.Activity;

/// <summary>An event on its way to the log.</summary>
/// <param name="ArrivalTime">When it reaches the log, Unix ms; the event itself says when it happened.</param>
/// <param name="IsDuplicate">Whether the same event has arrived before.</param>
/// <param name="Poison">How its record is malformed, if it is.</param>
internal readonly record struct ActivityArrival(long ArrivalTime, ActivityEvent Event, bool IsDuplicate, PoisonKind Poison);

/// <summary>Mistakes that real producers make.</summary>
internal enum PoisonKind
{
    None,

    /// <summary>The connection broke while the value was written.</summary>
    TruncatedJson,

    /// <summary>Text written as Latin-1.</summary>
    WrongEncoding,

    /// <summary>No user, because nobody was logged in.</summary>
    MissingUser,

    /// <summary>An id that is none.</summary>
    AnonymousUser,

    /// <summary>The time as a number, as other producers send it.</summary>
    NumericTime,

    /// <summary>The time as the producer's locale writes it.</summary>
    LocalTime,

    /// <summary>The time is null.</summary>
    NullTime,

    /// <summary>An event type of a version that is not agreed yet.</summary>
    UnknownType,

    /// <summary>Several events in one record.</summary>
    Array,

    /// <summary>A gateway's error page.</summary>
    Html,

    /// <summary>No value at all.</summary>
    Empty,

    /// <summary>A contract version of the future.</summary>
    UnknownVersion,
}
