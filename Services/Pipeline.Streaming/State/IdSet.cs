using System.Runtime.CompilerServices;

namespace Pipeline.Streaming.State;

/// <summary>A set of 128-bit ids, kept whole in an open-addressing table: 21 to 32 bytes an id while it grows, 19 when it is compact. Not thread-safe.</summary>
public sealed class IdSet
{
    private const int SmallestTable = 64;

    private Guid[] _table;
    private int _used;

    // The empty id marks a free slot, so it is kept beside the table.
    private bool _hasEmptyId;

    /// <param name="capacity">Ids that there is room for at once.</param>
    public IdSet(int capacity = 0) => _table = new Guid[TableSizeFor(capacity)];

    public int Count => _used + (_hasEmptyId ? 1 : 0);

    /// <summary>Bytes that the table takes.</summary>
    public long Bytes => (long)_table.Length * Unsafe.SizeOf<Guid>();

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

        if ((_used + 1L) * 4 > _table.Length * 3L)
        {
            Rebuild(checked(_table.Length + (_table.Length / 2)));
            slot = SlotOf(id);
        }

        _table[slot] = id;
        _used++;
        return true;
    }

    /// <summary>Takes as little memory as it can. For a set that is only looked up in from now on, where most ids are not found in it: seven probes each instead of two.</summary>
    public void Compact()
    {
        var size = Math.Max(SmallestTable, checked((int)(_used * 100L / 85) + 1));
        if (size < _table.Length)
        {
            Rebuild(size);
        }
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

    private static int TableSizeFor(int ids) => Math.Max(SmallestTable, checked((int)(ids * 4L / 3) + 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int SlotOf(Guid id)
    {
        // The hash as a fraction of the table: any size will do, not only powers of two.
        var table = _table;
        var slot = (int)(((ulong)StateHash.Of(id) * (uint)table.Length) >> 32);
        while (true)
        {
            var there = table[slot];
            if (there == id || there == Guid.Empty)
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
        _table = new Guid[size];
        foreach (var id in before)
        {
            if (id != Guid.Empty)
            {
                _table[SlotOf(id)] = id;
            }
        }
    }
}
