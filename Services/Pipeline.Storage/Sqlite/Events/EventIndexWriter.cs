using System.Buffers;
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
    /// <summary>Entries per block: 4,032 bytes stay within one 16 KiB page's limit for a row without overflow.</summary>
    private const int BlockEntries = 168;

    /// <summary>Runs of one tier that are merged into one of the next.</summary>
    private const int MergeWidth = 8;

    /// <summary>Runs of the last tier (32,768 entries and more) stay as they are, so that no merge takes longer than some 20 ms.</summary>
    private const int LastTier = 3;

    private readonly List<IndexEntry> _pending = [];
    private readonly SqliteStatement _addRun = database.Prepare(
        "INSERT INTO event_index_runs (index_kind, tier, run, entries, min_time, max_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    private readonly SqliteStatement _addBlock = database.Prepare("INSERT INTO event_index_blocks (run, first_hash, first_time, first_row, entries) VALUES (?1, ?2, ?3, ?4, ?5)");
    private readonly SqliteStatement _nextRun = database.Prepare("SELECT coalesce(max(run), 0) + 1 FROM event_index_blocks");
    private readonly SqliteStatement _runsOfTier = database.Prepare("SELECT run, entries FROM event_index_runs WHERE index_kind = ?1 AND tier = ?2 ORDER BY run");
    private readonly SqliteStatement _readBlocks = database.Prepare("SELECT entries FROM event_index_blocks WHERE run = ?1 ORDER BY first_hash, first_time, first_row");
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

    private int Write(Span<IndexEntry> sorted)
    {
        sorted = sorted[..Deduplicate(sorted)];
        _nextRun.Step();
        var run = _nextRun.GetInt64(0);
        _nextRun.Reset();

        var (min, max) = (long.MaxValue, long.MinValue);
        foreach (ref readonly var entry in sorted)
        {
            min = Math.Min(min, entry.EventTime);
            max = Math.Max(max, entry.EventTime);
        }

        var tier = TierOf(sorted.Length);
        _addRun.Bind(1, (long)kind).Bind(2, tier).Bind(3, run).Bind(4, sorted.Length).Bind(5, min).Bind(6, max).Execute();
        for (var start = 0; start < sorted.Length; start += BlockEntries)
        {
            var block = sorted.Slice(start, Math.Min(BlockEntries, sorted.Length - start));
            _addBlock.Bind(1, run).Bind(2, block[0].Hash).Bind(3, block[0].EventTime).Bind(4, block[0].Row).BindBlob(5, MemoryMarshal.AsBytes(block)).Execute();
        }

        return tier;
    }

    /// <summary>Moves each entry once to the front (an event whose user changed to and fro has two). Returns how many there are.</summary>
    private static int Deduplicate(Span<IndexEntry> sorted)
    {
        var kept = 1;
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] != sorted[kept - 1])
            {
                sorted[kept++] = sorted[i];
            }
        }

        return kept;
    }

    /// <summary>Merges the runs of a tier when there are enough of them. Returns the tier of the result; null when there was nothing to do.</summary>
    private int? Merge(int tier)
    {
        var runs = new List<long>();
        var entries = 0;
        _runsOfTier.Bind(1, (long)kind).Bind(2, tier);
        while (_runsOfTier.Step())
        {
            runs.Add(_runsOfTier.GetInt64(0));
            entries += _runsOfTier.GetInt32(1);
        }

        if (runs.Count < MergeWidth)
        {
            return null;
        }

        var merged = ArrayPool<IndexEntry>.Shared.Rent(entries);
        var scratch = ArrayPool<IndexEntry>.Shared.Rent(entries);
        try
        {
            var ends = new List<int>();
            var length = 0;
            foreach (var run in runs)
            {
                length += ReadRun(run, merged.AsSpan(length));
                ends.Add(length);
                _dropRun.Bind(1, (long)kind).Bind(2, tier).Bind(3, run).Execute();
                _dropBlocks.Bind(1, run).Execute();
            }

            for (; ends.Count > 1; (merged, scratch) = (scratch, merged))
            {
                ends = MergePairs(merged, ends, scratch);
            }

            return Write(merged.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<IndexEntry>.Shared.Return(merged);
            ArrayPool<IndexEntry>.Shared.Return(scratch);
        }
    }

    /// <summary>Copies a run to the front of a span. Returns its length.</summary>
    private int ReadRun(long run, Span<IndexEntry> target)
    {
        var length = 0;
        _readBlocks.Bind(1, run);
        while (_readBlocks.Step())
        {
            var block = MemoryMarshal.Cast<byte, IndexEntry>(_readBlocks.GetBytes(0));
            block.CopyTo(target[length..]);
            length += block.Length;
        }

        return length;
    }

    /// <summary>Merges the sorted parts of an array two by two. Returns where the merged parts end.</summary>
    private static List<int> MergePairs(IndexEntry[] source, List<int> ends, IndexEntry[] target)
    {
        var mergedEnds = new List<int>();
        for (var i = 0; i < ends.Count; i += 2)
        {
            var start = i == 0 ? 0 : ends[i - 1];
            var end = ends[Math.Min(i + 1, ends.Count - 1)];
            Merge(source.AsSpan(start, ends[i] - start), source.AsSpan(ends[i], end - ends[i]), target.AsSpan(start));
            mergedEnds.Add(end);
        }

        return mergedEnds;
    }

    private static void Merge(ReadOnlySpan<IndexEntry> left, ReadOnlySpan<IndexEntry> right, Span<IndexEntry> target)
    {
        var (l, r) = (0, 0);
        while (l < left.Length && r < right.Length)
        {
            target[l + r] = left[l].CompareTo(right[r]) <= 0 ? left[l++] : right[r++];
        }

        left[l..].CopyTo(target[(l + r)..]);
        right[r..].CopyTo(target[(l + r)..]);
    }
}
