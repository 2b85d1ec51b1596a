using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>
/// Finds the places of events under a hash, newest first. A place may be of an event that is gone, or of another one with the same
/// hash: the caller checks the row.
/// </summary>
internal sealed class EventIndexReader(SqliteDatabase database, IndexKind kind)
{
    internal const string RunsSql =
        """
        SELECT run, max_time FROM event_index_runs
        WHERE index_kind = ?1 AND max_time >= ?2 AND min_time <= ?3
        ORDER BY max_time DESC
        """;

    internal const string BlocksSql =
        """
        SELECT entries FROM event_index_blocks
        WHERE run = ?1 AND (first_hash, first_time, first_row) < (?2, ?3, ?4)
        ORDER BY first_hash DESC, first_time DESC, first_row DESC
        """;

    private readonly SqliteStatement _runs = database.Prepare(RunsSql);
    private readonly SqliteStatement _blocks = database.Prepare(BlocksSql);

    /// <summary>The newest places from a time on and before a place, at most <paramref name="limit"/>, newest first, each once. Inside the caller's read transaction.</summary>
    public List<EventPlace> Find(long hash, long from, EventPlace before, int limit)
    {
        var runs = new List<(long Run, long MaxTime)>();
        _runs.Bind(1, (long)kind).Bind(2, from).Bind(3, before.EventTime);
        while (_runs.Step())
        {
            runs.Add((_runs.GetInt64(0), _runs.GetInt64(1)));
        }

        var newest = new SortedSet<EventPlace>();
        foreach (var (run, maxTime) in runs)
        {
            if (newest.Count == limit && maxTime < newest.Min.EventTime)
            {
                break;
            }

            Collect(run, hash, from, before, limit, newest);
        }

        return [.. newest.Reverse()];
    }

    private void Collect(long run, long hash, long from, EventPlace before, int limit, SortedSet<EventPlace> newest)
    {
        var end = new IndexEntry(hash, before.EventTime, before.Row);
        _blocks.Bind(1, run).Bind(2, end.Hash).Bind(3, end.EventTime).Bind(4, end.Row);
        while (_blocks.Step())
        {
            var entries = MemoryMarshal.Cast<byte, IndexEntry>(_blocks.GetBytes(0));
            for (var i = IndexEntry.CountBefore(entries, end) - 1; i >= 0; i--)
            {
                var place = entries[i].Place;
                if (entries[i].Hash != hash || place.EventTime < from || (newest.Count == limit && place.CompareTo(newest.Min) <= 0))
                {
                    _blocks.Reset();
                    return;
                }

                if (newest.Add(place) && newest.Count > limit)
                {
                    newest.Remove(newest.Min);
                }
            }
        }
    }
}
