namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// How many requests may be under way at once, found by trying: one more while the servers answer about as fast as they can, a
/// fifth fewer when answers get slow, half when one fails for overload. So a slow cluster is sent less instead of more, and who
/// writes waits, which is what slows the reader. Pure; not safe for concurrent use.
/// </summary>
internal sealed class ConcurrencyLimit(int most)
{
    private const int First = 16;
    private const int LeastSamples = 16;

    // Queues form on the server above this multiple of its usual answer time; below the absolute time nobody would notice.
    private const double Tolerated = 4;
    private const double UnnoticedMs = 20;

    // Part of the difference that the usual time takes over from each sample of answers: some thousands make a lasting change usual.
    private const double Forgetting = 0.001;

    private double _limit = Math.Min(First, most);
    private double _usualMs;
    private double _sumMs;
    private int _samples;
    private int _highest;
    private int _ignored;

    /// <summary>Requests that may be under way now; at least 1.</summary>
    public int Current => (int)_limit;

    /// <summary>A request was answered.</summary>
    /// <param name="inFlight">Requests that were under way with it.</param>
    public void Answered(TimeSpan duration, int inFlight)
    {
        _sumMs += duration.TotalMilliseconds;
        _highest = Math.Max(_highest, inFlight);
        if (_ignored > 0)
        {
            _ignored--;
        }

        if (++_samples < Math.Max(LeastSamples, Current))
        {
            return;
        }

        var meanMs = _sumMs / _samples;

        // The usual time follows improvements at once and deteriorations slowly, so that a lasting change becomes usual.
        _usualMs = _usualMs == 0 || meanMs < _usualMs ? meanMs : _usualMs + ((meanMs - _usualMs) * Forgetting);
        if (meanMs > Math.Max(_usualMs * Tolerated, UnnoticedMs))
        {
            _limit = Math.Max(1, _limit * 0.8);
        }
        else if (_highest >= Current)
        {
            _limit = Math.Min(most, _limit + Math.Max(1, Math.Sqrt(_limit) / 2));
        }

        (_sumMs, _samples, _highest) = (0, 0, 0);
    }

    /// <summary>A request failed because the servers could not keep up or were not there.</summary>
    public void Overloaded()
    {
        // Those that were sent before the limit fell fail too; they say nothing new.
        if (_ignored > 0)
        {
            _ignored--;
            return;
        }

        _ignored = Current;
        _limit = Math.Max(1, _limit / 2);
        (_sumMs, _samples, _highest) = (0, 0, 0);
    }
}
