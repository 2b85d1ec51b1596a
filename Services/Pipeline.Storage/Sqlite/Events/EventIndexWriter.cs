using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>
/// The index of events by a random key (user, foreign id). A B-tree would dirty a page of its own for nearly every event; this
/// one is written as sorted runs: each transaction appends one, and runs of similar size are merged, eight into one, until
/// they are large. A look-up visits every run once, and there is about one run per 100,000 events. Not thread-safe.
/// </summary>
internal sealed class EventIndexWriter(SqliteDatabase database, IndexKind kind)
{
    /// <summary>Entries per block: 3,968 bytes stay within one 16 KiB page's limit for a row without overflow.</summary>
    private const int BlockEntries = 248;

    /// <summary>Runs of one tier that are merged into one of the next.</summary>
    private const int MergeWidth = 8;

    /// <summary>Runs of the last tier (32,768 entries and more) stay as they are, so that no merge takes longer than some 20 ms.</summary>
    private const int LastTier = 3;

    private readonly List<IndexEntry> _pending = [];
    private readonly SqliteStatement _addRun = database.Prepare(
        "INSERT INTO event_index_runs (index_kind, tier, run, entries, min_key, max_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    private readonly SqliteStatement _addBlock = database.Prepare("INSERT INTO event_index_blocks (run, first_hash, first_key, entries) VALUES (?1, ?2, ?3, ?4)");
    private readonly SqliteStatement _nextRun = database.Prepare("SELECT coalesce(max(run), 0) + 1 FROM event_index_blocks");
    private readonly SqliteStatement _runsOfTier = database.Prepare("SELECT run, entries FROM event_index_runs WHERE index_kind = ?1 AND tier = ?2 ORDER BY run");
    private readonly SqliteStatement _readBlocks = database.Prepare("SELECT entries FROM event_index_blocks WHERE run = ?1 ORDER BY first_hash, first_key");
    private readonly SqliteStatement _dropRun = database.Prepare("DELETE FROM event_index_runs WHERE index_kind = ?1 AND tier = ?2 AND run = ?3");
    private readonly SqliteStatement _dropBlocks = database.Prepare("DELETE FROM event_index_blocks WHERE run = ?1");

    public void Add(long hash, long key) => _pending.Add(new IndexEntry(hash, key));

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
        var tier = Write(CollectionsMarshal.AsSpan(_pending));
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

    private int Write(ReadOnlySpan<IndexEntry> sorted)
    {
        _nextRun.Step();
        var run = _nextRun.GetInt64(0);
        _nextRun.Reset();

        var (min, max) = (long.MaxValue, long.MinValue);
        foreach (ref readonly var entry in sorted)
        {
            min = Math.Min(min, entry.Key);
            max = Math.Max(max, entry.Key);
        }

        var tier = TierOf(sorted.Length);
        _addRun.Bind(1, (long)kind).Bind(2, tier).Bind(3, run).Bind(4, sorted.Length).Bind(5, min).Bind(6, max).Execute();
        for (var start = 0; start < sorted.Length; start += BlockEntries)
        {
            var block = sorted.Slice(start, Math.Min(BlockEntries, sorted.Length - start));
            _addBlock.Bind(1, run).Bind(2, block[0].Hash).Bind(3, block[0].Key).BindBlob(4, MemoryMarshal.AsBytes(block)).Execute();
        }

        return tier;
    }

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

        var sorted = runs.ConvertAll(ReadRun);
        while (sorted.Count > 1)
        {
            sorted = [.. sorted.Chunk(2).Select(pair => pair.Length == 1 ? pair[0] : MergeTwo(pair[0], pair[1]))];
        }

        foreach (var run in runs)
        {
            _dropRun.Bind(1, (long)kind).Bind(2, tier).Bind(3, run).Execute();
            _dropBlocks.Bind(1, run).Execute();
        }

        return Write(sorted[0]);
    }

    private IndexEntry[] ReadRun(long run)
    {
        var entries = new List<IndexEntry>();
        _readBlocks.Bind(1, run);
        while (_readBlocks.Step())
        {
            entries.AddRange(MemoryMarshal.Cast<byte, IndexEntry>(_readBlocks.GetBytes(0)));
        }

        return [.. entries];
    }

    private static IndexEntry[] MergeTwo(IndexEntry[] left, IndexEntry[] right)
    {
        var merged = new IndexEntry[left.Length + right.Length];
        var (l, r) = (0, 0);
        for (var i = 0; i < merged.Length; i++)
        {
            merged[i] = r == right.Length || (l < left.Length && left[l].CompareTo(right[r]) <= 0) ? left[l++] : right[r++];
        }

        return merged;
    }
}
