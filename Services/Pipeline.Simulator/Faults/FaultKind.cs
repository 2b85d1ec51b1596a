namespace Pipeline.Simulator.Faults;

/// <summary>Ways in which an answer can be wrong. The written form is the name in kebab case (<c>too-many-requests</c>).</summary>
internal enum FaultKind
{
    /// <summary>429 with the rate limit's body and <c>Retry-After</c> (<c>retry-after</c>, seconds, default 1; 0 leaves the header out, as the genuine service does).</summary>
    TooManyRequests,

    /// <summary>A 5xx (<c>status</c>, default 503) with a text body.</summary>
    ServerError,

    /// <summary>200 with <c>{"error": …}</c>, the genuine service's way to fail.</summary>
    ErrorObject,

    /// <summary>200 whose body ends early (<c>bytes</c>, default half of it) as if it were whole.</summary>
    Truncated,

    /// <summary>The connection breaks after <c>bytes</c> (default 0) of the body.</summary>
    Reset,

    /// <summary>The right answer, <c>delay</c> seconds late (default 5).</summary>
    Slow,

    /// <summary>The right answer in pieces of <c>bytes</c> (default 1,024), <c>delay</c> seconds apart (default 0.1).</summary>
    Trickle,

    /// <summary>200 with a web page, as captive portals and gateways send.</summary>
    Html,

    /// <summary>200 with JSON of another API.</summary>
    ForeignJson,

    /// <summary>200 without a body.</summary>
    Empty,
}
