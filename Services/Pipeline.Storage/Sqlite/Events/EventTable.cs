using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>Writes events: the row, its attributes, and the indexes for new rows. One more write of the same event replaces the row.</summary>
internal sealed class EventTable(SqliteDatabase database, Utf8Cache utf8)
{
    private readonly AttributeDictionary _attributes = new(database, utf8);
    private readonly EventIndexWriter _byUser = new(database, IndexKind.User);
    private readonly EventIndexWriter _byForeignId = new(database, IndexKind.ForeignId);

    private readonly SqliteStatement _insert = database.Prepare(
        """
        INSERT INTO user_events (event_time, event_id, user_id, attributes, ingested_at, "offset", flags, event_data)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT DO NOTHING
        """);

    private readonly SqliteStatement _update = database.Prepare(
        """
        UPDATE user_events
        SET user_id = ?3, attributes = ?4, ingested_at = ?5, "offset" = ?6, flags = ?7, event_data = ?8
        WHERE event_time = ?1 AND event_id = ?2
        """);

    private readonly SqliteStatement _find = database.Prepare("SELECT row, user_id FROM user_events WHERE event_time = ?1 AND event_id = ?2");

    public void Write(List<EventRow> rows)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            Bind(_insert, in row).Execute();
            if (database.Changes == 1)
            {
                AddToIndexes(in row, database.LastInsertRowId);
            }
            else
            {
                Replace(in row);
            }
        }
    }

    /// <summary>Writes the index entries of the rows of this transaction; the last step before its commit.</summary>
    public void FlushIndexes()
    {
        _byUser.Flush();
        _byForeignId.Flush();
    }

    /// <summary>Forgets what belonged to a transaction that did not commit.</summary>
    public void Forget()
    {
        _attributes.Forget();
        _byUser.Forget();
        _byForeignId.Forget();
    }

    private SqliteStatement Bind(SqliteStatement statement, in EventRow row)
        => statement.Bind(1, row.EventTime).Bind(2, row.EventId).Bind(3, row.UserId).Bind(4, _attributes.NumberOf(in row))
            .Bind(5, row.IngestedAt).Bind(6, row.Offset).Bind(7, (long)row.Flags).BindBlob(8, row.Data.Span);

    private void AddToIndexes(in EventRow row, long number)
    {
        _byUser.Add(new IndexEntry(EventId.Hash(row.UserId), row.EventTime, number));
        if (EventId.TimeIn(row.EventId) != row.EventTime)
        {
            _byForeignId.Add(new IndexEntry(EventId.Hash(row.EventId), row.EventTime, number));
        }
    }

    /// <summary>A replay or a rerun: the row keeps its number and so its place in the indexes, unless it changed hands.</summary>
    private void Replace(in EventRow row)
    {
        _find.Bind(1, row.EventTime).Bind(2, row.EventId).Step();
        var (number, userId) = (_find.GetInt64(0), _find.GetGuid(1));
        _find.Reset();
        Bind(_update, in row).Execute();
        if (userId != row.UserId)
        {
            _byUser.Add(new IndexEntry(EventId.Hash(row.UserId), row.EventTime, number));
        }
    }
}
