namespace Pipeline.Dashboard.Status;

/// <summary>Rates of two counters over the last seconds, from samples taken once a second. Safe for concurrent use.</summary>
public sealed class RateWindow
{
    /// <summary>Rates that are kept, one a second: two minutes.</summary>
    public const int HistoryLength = 120;

    private const int Samples = 11;

    private readonly Lock _gate = new();
    private readonly Queue<(long At, long Ingested, long Stored)> _samples = new(Samples);
    private readonly Queue<Rates> _history = new(HistoryLength);

    /// <summary>Adds a sample of the counters at a time in ms of a steady clock.</summary>
    public void Add(long at, long ingested, long stored)
    {
        lock (_gate)
        {
            if (_samples.Count == Samples)
            {
                _samples.Dequeue();
            }

            _samples.Enqueue((at, ingested, stored));
            if (_history.Count == HistoryLength)
            {
                _history.Dequeue();
            }

            _history.Enqueue(Compute());
        }
    }

    public Rates Current()
    {
        lock (_gate)
        {
            return Compute();
        }
    }

    /// <summary>The rates of the last seconds, oldest first.</summary>
    public IReadOnlyList<Rates> History()
    {
        lock (_gate)
        {
            return [.. _history];
        }
    }

    private Rates Compute()
    {
        if (_samples.Count < 2)
        {
            return new Rates(0, 0);
        }

        var (first, last) = (_samples.Peek(), _samples.Last());
        var seconds = (last.At - first.At) / 1000.0;
        return seconds <= 0 ? new Rates(0, 0) : new Rates(PerSecond(last.Ingested - first.Ingested), PerSecond(last.Stored - first.Stored));

        // A counter falls only when somebody rebuilds the results.
        double PerSecond(long difference) => Math.Round(Math.Max(0, difference) / seconds, 1);
    }
}
