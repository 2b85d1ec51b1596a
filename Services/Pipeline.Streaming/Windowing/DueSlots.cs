namespace Pipeline.Streaming.Windowing;

/// <summary>
/// Which slots of an array need attention as time goes on, without looking at all of them: each lies in a bucket of time that begins at or
/// before the time at which it is due. That time may move later without telling; the slot is then looked at too early once, and put away again. Not thread-safe.
/// </summary>
internal sealed class DueSlots
{
    private const long Nowhere = long.MaxValue;
    private const long InNear = long.MinValue;
    private const int MaxSpare = 16;

    private readonly TumblingWindows _buckets;
    private readonly Dictionary<long, List<int>> _slots = [];
    private readonly PriorityQueue<long, long> _order = new();
    private readonly Stack<List<int>> _spare = new();

    // By slot: where its bucket begins.
    private long[] _places = [];
    private long _reached = long.MinValue;

    /// <param name="width">Length of a bucket: how much of what is not yet due is looked at each time.</param>
    public DueSlots(TimeSpan width) => _buckets = TumblingWindows.OfSize(width);

    /// <summary>Slots of the buckets that time has reached; some may be due later, or no more (<see cref="IsNear"/>).</summary>
    public List<int> Near { get; } = [];

    /// <summary>Where the first bucket begins that time has not reached.</summary>
    public long NextBucket => _order.TryPeek(out var start, out _) ? start : long.MaxValue;

    public bool IsNear(int slot) => _places[slot] == InNear;

    /// <summary>Makes sure that a slot is looked at when time reaches <paramref name="due"/>.</summary>
    public void Schedule(int slot, long due)
    {
        if (slot >= _places.Length)
        {
            var before = _places.Length;
            Array.Resize(ref _places, Math.Max(slot + 1, before * 2));
            Array.Fill(_places, Nowhere, before, _places.Length - before);
        }

        var start = _buckets.StartOf(due);
        if (_places[slot] <= start)
        {
            return;
        }

        if (start <= _reached)
        {
            _places[slot] = InNear;
            Near.Add(slot);
            return;
        }

        _places[slot] = start;
        if (!_slots.TryGetValue(start, out var slots))
        {
            _slots[start] = slots = _spare.TryPop(out var spare) ? spare : [];
            _order.Enqueue(start, start);
        }

        slots.Add(slot);
    }

    /// <summary>Nobody waits for the slot any more.</summary>
    public void Forget(int slot) => _places[slot] = Nowhere;

    /// <summary>Time goes on: what may be due by now is <see cref="Near"/>.</summary>
    public void Advance(long time)
    {
        _reached = Math.Max(_reached, time);
        while (_order.TryPeek(out var start, out _) && start <= _reached)
        {
            _order.Dequeue();
            _slots.Remove(start, out var slots);
            foreach (var slot in slots!)
            {
                if (_places[slot] == start)
                {
                    _places[slot] = InNear;
                    Near.Add(slot);
                }
            }

            slots.Clear();
            if (_spare.Count < MaxSpare)
            {
                _spare.Push(slots);
            }
        }
    }

    /// <summary>Puts a near slot into its bucket; false when time has reached that one.</summary>
    public bool TryPutAway(int slot, long due)
    {
        if (_buckets.StartOf(due) <= _reached)
        {
            return false;
        }

        _places[slot] = Nowhere;
        Schedule(slot, due);
        return true;
    }
}
