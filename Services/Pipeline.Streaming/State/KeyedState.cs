using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pipeline.Streaming.State;

/// <summary>
/// A hash map of unmanaged keys and values, made to be saved by copying: entries lie densely in two arrays, in the order they
/// were added, beside an open-addressing index that is rebuilt on restore. A reference to a value is valid until the next
/// add or remove. Nothing is allocated except when it grows. Not thread-safe.
/// </summary>
public sealed class KeyedState<TKey, TValue>
    where TKey : unmanaged, IEquatable<TKey>
    where TValue : unmanaged
{
    private const int SmallestIndex = 16;

    private TKey[] _keys;
    private TValue[] _values;

    // Entry number + 1; 0 is free. Twice as many slots as entries at least, so that probes stay short.
    private int[] _index;

    public KeyedState(int capacity = 0)
    {
        var slots = IndexSizeFor(capacity);
        _index = new int[slots];
        _keys = new TKey[slots / 2];
        _values = new TValue[slots / 2];
    }

    public int Count { get; private set; }

    /// <summary>Keys in the order of their entries; parallel to <see cref="Values"/>.</summary>
    public ReadOnlySpan<TKey> Keys => _keys.AsSpan(0, Count);

    public Span<TValue> Values => _values.AsSpan(0, Count);

    /// <summary>The value of a key; a new one is all zeroes and <paramref name="isNew"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref TValue GetOrAdd(TKey key, out bool isNew)
    {
        var mask = _index.Length - 1;
        var slot = (int)StateHash.Of(key) & mask;
        int entry;
        while ((entry = _index[slot]) != 0)
        {
            if (_keys[entry - 1].Equals(key))
            {
                isNew = false;
                return ref _values[entry - 1];
            }

            slot = (slot + 1) & mask;
        }

        isNew = true;
        return ref Add(key, slot);
    }

    /// <summary>The value of a key, or a null reference (<see cref="Unsafe.IsNullRef"/>).</summary>
    public ref TValue Find(TKey key)
    {
        var slot = SlotOf(key);
        return ref slot < 0 ? ref Unsafe.NullRef<TValue>() : ref _values[_index[slot] - 1];
    }

    public bool Contains(TKey key) => SlotOf(key) >= 0;

    /// <summary>Removes a key; the last entry takes its place.</summary>
    public bool Remove(TKey key)
    {
        var slot = SlotOf(key);
        if (slot < 0)
        {
            return false;
        }

        var entry = _index[slot] - 1;
        FreeSlot(slot);
        var last = --Count;
        if (entry != last)
        {
            _index[SlotOfEntry(last)] = entry + 1;
            _keys[entry] = _keys[last];
            _values[entry] = _values[last];
        }

        return true;
    }

    /// <summary>Removes everything and keeps the memory.</summary>
    public void Clear()
    {
        Count = 0;
        Array.Clear(_index);
    }

    public void Save(StateWriter writer)
    {
        writer.WriteArray(Keys);
        writer.WriteArray<TValue>(Values);
    }

    public void Restore(ref StateReader reader)
    {
        var count = reader.ReadCount();
        var slots = IndexSizeFor(count);
        _index = new int[slots];
        _keys = new TKey[slots / 2];
        _values = new TValue[slots / 2];
        reader.ReadItems(_keys.AsSpan(0, count));
        if (reader.ReadCount() != count)
        {
            throw new StateRestoreException("The saved state has another number of values than keys.");
        }

        reader.ReadItems(_values.AsSpan(0, count));
        Count = count;
        RebuildIndex();
    }

    private static int IndexSizeFor(int entries) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(SmallestIndex, checked(entries * 2)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref TValue Add(TKey key, int slot)
    {
        if (Count == _keys.Length)
        {
            Grow();
            var mask = _index.Length - 1;
            slot = (int)StateHash.Of(key) & mask;
            while (_index[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }
        }

        var entry = Count++;
        _index[slot] = Count;
        _keys[entry] = key;
        _values[entry] = default;
        return ref _values[entry];
    }

    private void Grow()
    {
        _index = new int[_index.Length * 2];
        Array.Resize(ref _keys, _index.Length / 2);
        Array.Resize(ref _values, _index.Length / 2);
        RebuildIndex();
    }

    private void RebuildIndex()
    {
        var mask = _index.Length - 1;
        for (var entry = 0; entry < Count; entry++)
        {
            var slot = (int)StateHash.Of(_keys[entry]) & mask;
            while (_index[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            _index[slot] = entry + 1;
        }
    }

    private int SlotOf(TKey key)
    {
        var mask = _index.Length - 1;
        var slot = (int)StateHash.Of(key) & mask;
        int entry;
        while ((entry = _index[slot]) != 0)
        {
            if (_keys[entry - 1].Equals(key))
            {
                return slot;
            }

            slot = (slot + 1) & mask;
        }

        return -1;
    }

    private int SlotOfEntry(int entry)
    {
        var mask = _index.Length - 1;
        var slot = (int)StateHash.Of(_keys[entry]) & mask;
        while (_index[slot] != entry + 1)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    // Linear probing without tombstones: what could not lie in its own slot moves back into the gap.
    private void FreeSlot(int gap)
    {
        var mask = _index.Length - 1;
        var slot = gap;
        while (true)
        {
            slot = (slot + 1) & mask;
            if (_index[slot] == 0)
            {
                break;
            }

            var home = (int)StateHash.Of(_keys[_index[slot] - 1]) & mask;
            if (((slot - home) & mask) >= ((slot - gap) & mask))
            {
                _index[gap] = _index[slot];
                gap = slot;
            }
        }

        _index[gap] = 0;
    }
}

/// <summary>
/// Hash of a key's bytes, seeded per process: ids come from outside, and whoever can choose them must not be able to choose
/// their slots too. The hash is never stored, so the seed may change with every start.
/// </summary>
internal static class StateHash
{
    private static readonly ulong Seed = unchecked((ulong)Random.Shared.NextInt64()) | 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of<TKey>(TKey key)
        where TKey : unmanaged
    {
        if (Unsafe.SizeOf<TKey>() == 16)
        {
            ref var parts = ref Unsafe.As<TKey, (ulong Low, ulong High)>(ref key);
            return Mix(parts.Low ^ Seed, parts.High ^ 0x9E3779B97F4A7C15ul);
        }

        if (Unsafe.SizeOf<TKey>() == 8)
        {
            return Mix(Unsafe.As<TKey, ulong>(ref key) ^ Seed, 0x9E3779B97F4A7C15ul);
        }

        if (Unsafe.SizeOf<TKey>() == 4)
        {
            return Mix(Unsafe.As<TKey, uint>(ref key) ^ Seed, 0x9E3779B97F4A7C15ul);
        }

        return (uint)System.IO.Hashing.XxHash3.HashToUInt64(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)), unchecked((long)Seed));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return (uint)((high ^ low) >> 5);
    }
}
