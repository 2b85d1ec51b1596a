using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>Goes through the entries of one run in their order, a block at a time. Not thread-safe.</summary>
internal sealed class IndexRunCursor(SqliteDatabase database)
{
    private readonly SqliteStatement _blocks = database.Prepare("SELECT entries FROM event_index_blocks WHERE run = ?1 ORDER BY first_hash, first_time, first_row");
    private readonly IndexEntry[] _block = new IndexEntry[EventIndexWriter.BlockEntries];
    private int _count;
    private int _at;

    public IndexEntry Current => _block[_at];

    /// <summary>Goes to the first entry of a run; false when it has none.</summary>
    public bool MoveTo(long run)
    {
        _blocks.Bind(1, run);
        return NextBlock();
    }

    /// <summary>Leaves the run it is in, if any.</summary>
    public void Close() => _blocks.Reset();

    /// <summary>Goes to the next entry; false behind the last one.</summary>
    public bool MoveNext() => ++_at < _count || NextBlock();

    private bool NextBlock()
    {
        if (!_blocks.Step())
        {
            return false;
        }

        var block = MemoryMarshal.Cast<byte, IndexEntry>(_blocks.GetBytes(0));
        block.CopyTo(_block);
        (_count, _at) = (block.Length, 0);
        return true;
    }
}
