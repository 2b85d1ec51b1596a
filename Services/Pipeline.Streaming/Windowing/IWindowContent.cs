using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Windowing;

/// <summary>
/// What is gathered in a window. Adding one content to another must give what adding all their records to one would, in any
/// order and grouping: overlapping windows are put together from panes. Not thread-safe.
/// </summary>
public interface IWindowContent<in TSelf>
    where TSelf : class, IWindowContent<TSelf>
{
    /// <summary>Entries held, for metrics.</summary>
    long Entries { get; }

    void Merge(TSelf other);

    /// <summary>Forgets everything; it is used again for another window.</summary>
    void Clear();

    void Save(StateWriter writer);

    void Restore(ref StateReader reader);
}

/// <summary>Adds an accumulator to another one; must not depend on the order.</summary>
public delegate void Merge<TAccumulator>(ref TAccumulator into, in TAccumulator from)
    where TAccumulator : unmanaged;

/// <summary>One accumulator per key.</summary>
public sealed class KeyedAggregates<TKey, TAccumulator>(Merge<TAccumulator> merge) : IWindowContent<KeyedAggregates<TKey, TAccumulator>>
    where TKey : unmanaged, IEquatable<TKey>
    where TAccumulator : unmanaged
{
    private readonly KeyedState<TKey, TAccumulator> _state = new();

    public long Entries => _state.Count;

    public ReadOnlySpan<TKey> Keys => _state.Keys;

    public ReadOnlySpan<TAccumulator> Values => _state.Values;

    /// <summary>The accumulator of a key; a new one is all zeroes.</summary>
    public ref TAccumulator this[TKey key] => ref _state.GetOrAdd(key, out _);

    public void Merge(KeyedAggregates<TKey, TAccumulator> other)
    {
        var keys = other._state.Keys;
        var values = other._state.Values;
        for (var i = 0; i < keys.Length; i++)
        {
            merge(ref this[keys[i]], in values[i]);
        }
    }

    public void Clear() => _state.Clear();

    public void Save(StateWriter writer) => _state.Save(writer);

    public void Restore(ref StateReader reader) => _state.Restore(ref reader);
}
