using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pipeline.Streaming.State;

/// <summary>
/// A set of ids, of each of which 64 bits of a hash are kept (<see cref="Of"/>), in an open-addressing table: 19 to 32 bytes an id while it grows, 9.4 when it is compact.
/// Not thread-safe.
/// </summary>
/// <remarks>Two of n ids are the same in n² of 3.7·10¹⁹ cases; one more id is taken for one of n in n of 1.8·10¹⁹.</remarks>
public sealed class FingerprintSet
{
    private const int SmallestTable = 64;
    private const ulong Free = 0;

    private ulong[] _table;

    // In the order they were added, so that what is saved of a set that grows only grows at its end, and a store need not write the rest again. Until it is compact: then it does not grow any more.
    private List<ulong>? _added;

    /// <param name="capacity">Ids that there is room for at once.</param>
    public FingerprintSet(int capacity = 0)
    {
        _table = new ulong[TableSizeFor(capacity)];
        _added = new List<ulong>(capacity);
    }

    public int Count { get; private set; }

    /// <summary>Bytes that the ids take.</summary>
    public long Bytes => ((long)_table.Length + (_added?.Capacity ?? 0)) * sizeof(ulong);

    /// <summary>What is kept of an id: the same in every process, because it is saved with the state. Never 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(Guid id)
    {
        var hash = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(new ReadOnlySpan<Guid>(in id)));
        return hash == Free ? 1 : hash;
    }

    /// <param name="fingerprint">Of the id (<see cref="Of"/>).</param>
    public bool Contains(ulong fingerprint) => _table[SlotOf(fingerprint)] == fingerprint;

    /// <summary>Adds an id; false when it was there already.</summary>
    /// <param name="fingerprint">Of the id (<see cref="Of"/>).</param>
    public bool Add(ulong fingerprint)
    {
        var slot = SlotOf(fingerprint);
        if (_table[slot] == fingerprint)
        {
            return false;
        }

        if ((Count + 1L) * 4 > _table.Length * 3L)
        {
            Rebuild(checked(_table.Length + (_table.Length / 2)));
            slot = SlotOf(fingerprint);
        }

        _table[slot] = fingerprint;
        _added?.Add(fingerprint);
        Count++;
        return true;
    }

    /// <summary>Takes as little memory as it can. For a set that is only looked up in from now on, where most ids are not found in it: seven probes each instead of two.</summary>
    public void Compact()
    {
        _added = null;
        var size = Math.Max(SmallestTable, checked((int)(Count * 100L / 85) + 1));
        if (size < _table.Length)
        {
            Rebuild(size);
        }
    }

    /// <summary>Writes the same again until ids are added, and then the same with those at the end; a set that is compact in another order than before.</summary>
    public void Save(StateWriter writer)
    {
        if (_added is not null)
        {
            writer.WriteArray<ulong>(CollectionsMarshal.AsSpan(_added));
            return;
        }

        writer.Write(Count);
        foreach (var fingerprint in _table)
        {
            if (fingerprint != Free)
            {
                writer.Write(fingerprint);
            }
        }
    }

    public void Restore(ref StateReader reader)
    {
        var count = reader.ReadCount();
        _table = new ulong[TableSizeFor(count)];
        _added = new List<ulong>(count);
        Count = 0;
        for (var i = 0; i < count; i++)
        {
            Add(reader.Read<ulong>());
        }
    }

    private static int TableSizeFor(int ids) => Math.Max(SmallestTable, checked((int)(ids * 4L / 3) + 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int SlotOf(ulong fingerprint)
    {
        // The hash as a fraction of the table: any size will do, not only powers of two.
        var table = _table;
        var slot = (int)(((ulong)StateHash.Of(fingerprint) * (uint)table.Length) >> 32);
        while (true)
        {
            var there = table[slot];
            if (there == fingerprint || there == Free)
            {
                return slot;
            }

            if (++slot == table.Length)
            {
                slot = 0;
            }
        }
    }

    private void Rebuild(int size)
    {
        var before = _table;
        _table = new ulong[size];
        foreach (var fingerprint in before)
        {
            if (fingerprint != Free)
            {
                _table[SlotOf(fingerprint)] = fingerprint;
            }
        }
    }
}
