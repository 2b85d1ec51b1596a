namespace Pipeline.Simulator;

/// <summary>Settings of the RandomUser simulator.</summary>
internal sealed class SimulatorOptions
{
    public const string SectionName = "Simulator";

    public RateLimitOptions RateLimit { get; init; } = new();

    public FaultOptions Faults { get; init; } = new();
}

/// <summary>The genuine service's limit. Switch it off for load tests; a scheduled ingest of a few hundred users a minute never meets it.</summary>
internal sealed class RateLimitOptions
{
    public bool Enabled { get; init; } = true;

    /// <summary>Users a client may have per window; default 20,000.</summary>
    public long Users { get; init; } = 20_000;

    /// <summary>Length of a window; default 5 minutes. Windows start with the process, as in the original.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Wrong answers on purpose. A fault is written <c>kind;name=value;…</c>, see <see cref="Faults.Fault"/>.</summary>
internal sealed class FaultOptions
{
    /// <summary>Whether a caller may ask for faults (<c>_fault</c> in the query, the header <c>X-Simulator-Fault</c>, the endpoint <c>/_faults</c>); default off.</summary>
    public bool AllowSwitches { get; init; }

    /// <summary>Faults of the first calls, in order, one call each.</summary>
    public string[] Next { get; init; } = [];

    /// <summary>Share of the other calls that fail, 0 to 1; default 0.</summary>
    public double Rate { get; init; }

    /// <summary>What a failing call of <see cref="Rate"/> is chosen from; empty means one of each kind.</summary>
    public string[] Kinds { get; init; } = [];

    /// <summary>Seed of the choice: the same seed makes the same calls fail.</summary>
    public long Seed { get; init; } = 1;
}
