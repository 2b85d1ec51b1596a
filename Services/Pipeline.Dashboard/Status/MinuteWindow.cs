namespace Pipeline.Dashboard.Status;

/// <summary>What was measured within about a minute.</summary>
/// <param name="Count">How many; 0 leaves the others 0.</param>
/// <param name="Mean">Seconds.</param>
/// <param name="Max">Seconds.</param>
internal readonly record struct Measured(long Count, double Mean, double Max);

/// <summary>Durations of the last minute, in six parts of which the oldest is forgotten. Safe for concurrent use.</summary>
internal sealed class MinuteWindow(TimeProvider clock)
{
    private const int Parts = 6;
    private const long PartMs = 10_000;

    private readonly Lock _gate = new();
    private readonly (long Part, long Count, double Sum, double Max)[] _parts = new (long, long, double, double)[Parts];

    public void Add(double seconds)
    {
        var part = Now;
        lock (_gate)
        {
            ref var slot = ref _parts[part % Parts];
            slot = slot.Part == part ? (part, slot.Count + 1, slot.Sum + seconds, Math.Max(slot.Max, seconds)) : (part, 1, seconds, seconds);
        }
    }

    public Measured Read()
    {
        var oldest = Now - Parts + 1;
        lock (_gate)
        {
            var (count, sum, max) = (0L, 0.0, 0.0);
            foreach (var slot in _parts)
            {
                if (slot.Part >= oldest)
                {
                    (count, sum, max) = (count + slot.Count, sum + slot.Sum, Math.Max(max, slot.Max));
                }
            }

            return new Measured(count, count == 0 ? 0 : sum / count, max);
        }
    }

    // From 1, because an empty part is of 0.
    private long Now => ((long)clock.GetElapsedTime(0).TotalMilliseconds / PartMs) + Parts;
}
