using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>
/// The index of events by a random key (user, foreign id). A B-tree would dirty a page of its own for nearly every event; this
/// one is written as sorted runs: each transaction appends one, and runs of similar size are merged, eight into one, until
/// they are large. A look-up visits every run once, and there is about one run per 100,000 events. A merge holds one block of each run, not
/// the runs. Not thread-safe.
/// </summary>
internal sealed class EventIndexWriter(SqliteDatabase database, IndexKind kind)
{
    /// <summary>Entries per block: 4,032 bytes stay within one 16 KiB page's limit for a row without overflow.</summary>
    internal const int BlockEntries = 168;

    /// <summary>Runs of one tier that are merged into one of the next.</summary>
    private const int MergeWidth = 8;

    /// <summary>Runs of the last tier (32,768 entries and more) stay as they are, so that no merge takes longer than some 20 ms.</summary>
    private const int LastTier = 3;

    private readonly List<IndexEntry> _pending = [];
    private readonly IndexEntry[] _block = new IndexEntry[BlockEntries];
    private readonly List<IndexRunCursor> _cursors = [];
    private readonly PriorityQueue<IndexRunCursor, IndexEntry> _merging = new();
    private readonly SqliteStatement _addRun = database.Prepare(
        "INSERT INTO event_index_runs (index_kind, tier, run, entries, min_time, max_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    private readonly SqliteStatement _addBlock = database.Prepare("INSERT INTO event_index_blocks (run, first_hash, first_time, first_row, entries) VALUES (?1, ?2, ?3, ?4, ?5)");
    private readonly SqliteStatement _nextRun = database.Prepare("SELECT coalesce(max(run), 0) + 1 FROM event_index_blocks");
    private readonly SqliteStatement _runsOfTier = database.Prepare("SELECT run, entries FROM event_index_runs WHERE index_kind = ?1 AND tier = ?2 ORDER BY run");
    private readonly SqliteStatement _dropRun = database.Prepare("DELETE FROM event_index_runs WHERE index_kind = ?1 AND tier = ?2 AND run = ?3");
    private readonly SqliteStatement _dropBlocks = database.Prepare("DELETE FROM event_index_blocks WHERE run = ?1");

    public void Add(IndexEntry entry) => _pending.Add(entry);

    /// <summary>Forgets what was added and not flushed.</summary>
    public void Forget() => _pending.Clear();

    /// <summary>Writes what was added, inside the caller's transaction.</summary>
    public void Flush()
    {
        if (_pending.Count == 0)
        {
            return;
        }

        _pending.Sort();
        var tier = Write(_pending);
        _pending.Clear();
        while (tier < LastTier && Merge(tier) is { } merged)
        {
            tier = merged;
        }
    }

    private static int TierOf(int entries) => entries switch
    {
        < 512 => 0,
        < 4_096 => 1,
        < 32_768 => 2,
        _ => LastTier,
    };

    /// <param name="sorted">An entry may be there twice (an event whose user changed to and fro); it is written once.</param>
    private int Write(IEnumerable<IndexEntry> sorted)
    {
        _nextRun.Step();
        var run = _nextRun.GetInt64(0);
        _nextRun.Reset();
        var (entries, min, max) = (0, long.MaxValue, long.MinValue);
        var last = default(IndexEntry);
        foreach (var entry in sorted)
        {
            if (entries > 0 && entry == last)
            {
                continue;
            }

            last = _block[entries++ % BlockEntries] = entry;
            min = Math.Min(min, entry.EventTime);
            max = Math.Max(max, entry.EventTime);
            if (entries % BlockEntries == 0)
            {
                AddBlock(run, _block);
            }
        }

        if (entries % BlockEntries > 0)
        {
            AddBlock(run, _block.AsSpan(0, entries % BlockEntries));
        }

        var tier = TierOf(entries);
        _addRun.Bind(1, (long)kind).Bind(2, tier).Bind(3, run).Bind(4, entries).Bind(5, min).Bind(6, max).Execute();
        return tier;
    }

    private void AddBlock(long run, ReadOnlySpan<IndexEntry> block)
        => _addBlock.Bind(1, run).Bind(2, block[0].Hash).Bind(3, block[0].EventTime).Bind(4, block[0].Row).BindBlob(5, MemoryMarshal.AsBytes(block)).Execute();

    /// <summary>Merges the runs of a tier when there are enough of them. Returns the tier of the result; null when there was nothing to do.</summary>
    private int? Merge(int tier)
    {
        var runs = new List<long>();
        _runsOfTier.Bind(1, (long)kind).Bind(2, tier);
        while (_runsOfTier.Step())
        {
            runs.Add(_runsOfTier.GetInt64(0));
        }

        if (runs.Count < MergeWidth)
        {
            return null;
        }

        var merged = Write(InOrder(runs));
        foreach (var run in runs)
        {
            _dropRun.Bind(1, (long)kind).Bind(2, tier).Bind(3, run).Execute();
            _dropBlocks.Bind(1, run).Execute();
        }

        return merged;
    }

    private IEnumerable<IndexEntry> InOrder(List<long> runs)
    {
        while (_cursors.Count < runs.Count)
        {
            _cursors.Add(new IndexRunCursor(database));
        }

        try
        {
            for (var i = 0; i < runs.Count; i++)
            {
                if (_cursors[i].MoveTo(runs[i]))
                {
                    _merging.Enqueue(_cursors[i], _cursors[i].Current);
                }
            }

            while (_merging.TryPeek(out var cursor, out var entry))
            {
                yield return entry;
                if (cursor.MoveNext())
                {
                    _merging.DequeueEnqueue(cursor, cursor.Current);
                }
                else
                {
                    _merging.Dequeue();
                }
            }
        }
        finally
        {
            // Also when a fault breaks it off: a statement in the middle of its rows would hold the write-ahead log.
            _merging.Clear();
            _cursors.ForEach(cursor => cursor.Close());
        }
    }
}
