using Microsoft.Extensions.Options;
using Pipeline.Simulator.People;

namespace Pipeline.Simulator.Faults;

/// <summary>
/// Which calls go wrong: first those in the queue, one call each, then a share of the rest by a seeded choice. Safe for concurrent use.
/// </summary>
internal sealed class FaultPlan
{
    // A queue someone fills by mistake must not grow for ever.
    public const int MaxQueued = 10_000;

    private readonly Lock _lock = new();
    private readonly Queue<Fault> _next = new();
    private Fault[] _kinds = [];
    private double _rate;
    private Xoshiro256 _random;

    public FaultPlan(IOptions<SimulatorOptions> options)
    {
        var faults = options.Value.Faults;
        foreach (var text in faults.Next)
        {
            _next.Enqueue(Parse(text));
        }

        SetRate(faults.Rate, faults.Seed, faults.Kinds.Length > 0 ? Array.ConvertAll(faults.Kinds, Parse) : null);
    }

    /// <summary>The fault of the next call; null when it shall be answered well.</summary>
    public Fault? Take()
    {
        lock (_lock)
        {
            if (_next.TryDequeue(out var fault))
            {
                Injected++;
                return fault;
            }

            if (_rate <= 0 || _random.NextDouble() >= _rate)
            {
                return null;
            }

            Injected++;
            return _random.Pick<Fault>(_kinds);
        }
    }

    /// <summary>Faults given out since the start.</summary>
    public long Injected { get; private set; }

    public (int Queued, double Rate) State
    {
        get
        {
            lock (_lock)
            {
                return (_next.Count, _rate);
            }
        }
    }

    /// <summary>Puts the fault behind the queued ones, <paramref name="count"/> times; false when the queue has no room for all.</summary>
    public bool TryEnqueue(Fault fault, int count)
    {
        lock (_lock)
        {
            if (_next.Count + count > MaxQueued)
            {
                return false;
            }

            for (var i = 0; i < count; i++)
            {
                _next.Enqueue(fault);
            }

            return true;
        }
    }

    /// <summary>From now on each call outside the queue fails with the probability <paramref name="rate"/>, in a way chosen from <paramref name="kinds"/> (null: all).</summary>
    public void SetRate(double rate, long seed, Fault[]? kinds)
    {
        lock (_lock)
        {
            _rate = rate;
            _random = new Xoshiro256(new SeedKey((ulong)seed, 1, 2, 3), 0);
            _kinds = kinds ?? Array.ConvertAll(Enum.GetValues<FaultKind>(), kind => new Fault(kind));
        }
    }

    /// <summary>Everything is answered well again.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _next.Clear();
            _rate = 0;
        }
    }

    // The validator has seen every text by now.
    private static Fault Parse(string text) => Fault.TryParse(text, out var fault, out var error) ? fault : throw new FormatException(error);
}
