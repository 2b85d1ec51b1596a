namespace Pipeline.Scheduling;

/// <summary>The time a run covers: [<see cref="Start"/>, <see cref="End"/>), UTC. A manual run may cover an instant (start = end).</summary>
public readonly record struct DataInterval
{
    /// <exception cref="ArgumentException">The end is before the start.</exception>
    public DataInterval(DateTimeOffset start, DateTimeOffset end)
    {
        if (end < start)
        {
            throw new ArgumentException($"A data interval ends at or after its start; got [{start:O}, {end:O}).", nameof(end));
        }

        Start = start.ToUniversalTime();
        End = end.ToUniversalTime();
    }

    public DateTimeOffset Start { get; }

    public DateTimeOffset End { get; }

    public TimeSpan Length => End - Start;

    public override string ToString() => $"[{Start:yyyy-MM-ddTHH:mm:ss.FFFFFFFK}, {End:yyyy-MM-ddTHH:mm:ss.FFFFFFFK})";
}
