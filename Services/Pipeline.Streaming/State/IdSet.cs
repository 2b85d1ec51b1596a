using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pipeline.Streaming.State;

/// <summary>A set of 128-bit ids, 16 bytes a slot and one probe a look-up. Not thread-safe.</summary>
public sealed class IdSet
{
    private const int SmallestTable = 64;

    private Guid[] _table = new Guid[SmallestTable];
    private int _used;

    // The empty id marks a free slot, so it is kept beside the table.
    private bool _hasEmptyId;

    public int Count => _used + (_hasEmptyId ? 1 : 0);

    public bool Contains(Guid id)
    {
        if (id == Guid.Empty)
        {
            return _hasEmptyId;
        }

        return _table[SlotOf(id)] == id;
    }

    /// <summary>Adds an id; false when it was there already.</summary>
    public bool Add(Guid id)
    {
        if (id == Guid.Empty)
        {
            var isNew = !_hasEmptyId;
            _hasEmptyId = true;
            return isNew;
        }

        var slot = SlotOf(id);
        if (_table[slot] == id)
        {
            return false;
        }

        if ((_used + 1) * 4 > _table.Length * 3)
        {
            Grow();
            slot = SlotOf(id);
        }

        _table[slot] = id;
        _used++;
        return true;
    }

    /// <summary>Removes everything and keeps the memory, unless most of it lay idle.</summary>
    public void Clear()
    {
        if (_table.Length > SmallestTable && _used * 8 < _table.Length)
        {
            _table = new Guid[TableSizeFor(_used * 2)];
        }
        else
        {
            Array.Clear(_table);
        }

        _used = 0;
        _hasEmptyId = false;
    }

    public void Save(StateWriter writer)
    {
        writer.Write(_hasEmptyId);
        writer.Write(_used);
        foreach (var id in _table)
        {
            if (id != Guid.Empty)
            {
                writer.Write(id);
            }
        }
    }

    public void Restore(ref StateReader reader)
    {
        var hasEmptyId = reader.Read<bool>();
        var count = reader.ReadCount();
        _table = new Guid[TableSizeFor(count)];
        _used = 0;
        _hasEmptyId = hasEmptyId;
        for (var i = 0; i < count; i++)
        {
            Add(reader.Read<Guid>());
        }
    }

    private static int TableSizeFor(int ids) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(SmallestTable, checked(ids / 3 * 4 + 4)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int SlotOf(Guid id)
    {
        var table = _table;
        var mask = table.Length - 1;
        var slot = (int)StateHash.Of(id) & mask;
        while (true)
        {
            var there = table[slot];
            if (there == id || there == Guid.Empty)
            {
                return slot;
            }

            slot = (slot + 1) & mask;
        }
    }

    private void Grow()
    {
        var before = _table;
        _table = new Guid[before.Length * 2];
        foreach (var id in before)
        {
            if (id != Guid.Empty)
            {
                _table[SlotOf(id)] = id;
            }
        }
    }
}
