using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>Finds the keys of events under a hash, newest first. Keys may be of events that are gone, or of another user with the same hash: the caller checks the row.</summary>
internal sealed class EventIndexReader(SqliteDatabase database, IndexKind kind)
{
    private readonly SqliteStatement _runs = database.Prepare(
        """
        SELECT run, max_key FROM event_index_runs
        WHERE index_kind = ?1 AND max_key >= ?2 AND min_key < ?3
        ORDER BY max_key DESC
        """);

    private readonly SqliteStatement _blocks = database.Prepare(
        """
        SELECT entries FROM event_index_blocks
        WHERE run = ?1 AND (first_hash, first_key) <= (?2, ?3)
        ORDER BY first_hash DESC, first_key DESC
        """);

    /// <summary>The newest keys in [from, before), at most <paramref name="limit"/>, newest first, each once. Inside the caller's read transaction.</summary>
    public List<long> Find(long hash, long from, long before, int limit)
    {
        var runs = new List<(long Run, long MaxKey)>();
        _runs.Bind(1, (long)kind).Bind(2, from).Bind(3, before);
        while (_runs.Step())
        {
            runs.Add((_runs.GetInt64(0), _runs.GetInt64(1)));
        }

        var newest = new SortedSet<long>();
        foreach (var (run, maxKey) in runs)
        {
            if (newest.Count == limit && maxKey <= newest.Min)
            {
                break;
            }

            Collect(run, hash, from, before, limit, newest);
        }

        return [.. newest.Reverse()];
    }

    private void Collect(long run, long hash, long from, long before, int limit, SortedSet<long> newest)
    {
        var last = new IndexEntry(hash, before - 1);
        _blocks.Bind(1, run).Bind(2, last.Hash).Bind(3, last.Key);
        while (_blocks.Step())
        {
            var entries = MemoryMarshal.Cast<byte, IndexEntry>(_blocks.GetBytes(0));
            for (var i = IndexEntry.CountUpTo(entries, last) - 1; i >= 0; i--)
            {
                var key = entries[i].Key;
                if (entries[i].Hash != hash || key < from || (newest.Count == limit && key <= newest.Min))
                {
                    _blocks.Reset();
                    return;
                }

                if (newest.Add(key) && newest.Count > limit)
                {
                    newest.Remove(newest.Min);
                }
            }
        }
    }
}
