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
        INSERT INTO user_events (event_key, event_id, user_id, attributes, ingested_at, "offset", flags, event_data)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT DO NOTHING
        """);

    private readonly SqliteStatement _update = database.Prepare(
        """
        UPDATE user_events
        SET user_id = ?3, attributes = ?4, ingested_at = ?5, "offset" = ?6, flags = ?7, event_data = ?8
        WHERE event_key = ?1 AND event_id = ?2
        """);

    private readonly SqliteStatement _find = database.Prepare("SELECT event_id, user_id FROM user_events WHERE event_key = ?1");

    public void Write(List<EventRow> rows)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            Write(in row);
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

    private void Write(in EventRow row)
    {
        var key = EventKey.Of(row.EventTime, row.EventId);
        _insert.Bind(1, key).Bind(2, row.EventId).Bind(3, row.UserId).Bind(4, _attributes.NumberOf(in row))
            .Bind(5, row.IngestedAt).Bind(6, row.Offset).Bind(7, (long)row.Flags).BindBlob(8, row.Data.Span)
            .Execute();
        if (database.Changes == 0)
        {
            WriteToTakenSlot(in row, key);
            return;
        }

        AddToIndexes(in row, key);
    }

    /// <summary>The slot holds this event already (a replay), or another one whose id has the same hash.</summary>
    private void WriteToTakenSlot(in EventRow row, long key)
    {
        for (var probes = 0; probes < EventKey.SlotCount; probes++, key = EventKey.Next(key))
        {
            if (Holder(key) is not { } holder)
            {
                _insert.Bind(1, key).Execute();
                AddToIndexes(in row, key);
                return;
            }

            if (holder.EventId == row.EventId)
            {
                Replace(in row, key);
                if (holder.UserId != row.UserId)
                {
                    _byUser.Add(EventKey.Hash(row.UserId), key);
                }

                return;
            }
        }

        throw new StorageException($"The millisecond {row.EventTime} holds {EventKey.SlotCount} events already, which is all it can.", isTransient: false);
    }

    private void Replace(in EventRow row, long key)
        => _update.Bind(1, key).Bind(2, row.EventId).Bind(3, row.UserId).Bind(4, _attributes.NumberOf(in row))
            .Bind(5, row.IngestedAt).Bind(6, row.Offset).Bind(7, (long)row.Flags).BindBlob(8, row.Data.Span)
            .Execute();

    private void AddToIndexes(in EventRow row, long key)
    {
        _byUser.Add(EventKey.Hash(row.UserId), key);
        if (EventKey.TimeInId(row.EventId) != row.EventTime)
        {
            _byForeignId.Add(EventKey.Hash(row.EventId), key);
        }
    }

    private (Guid EventId, Guid UserId)? Holder(long key)
    {
        _find.Bind(1, key);
        (Guid, Guid)? holder = _find.Step() ? (_find.GetGuid(0), _find.GetGuid(1)) : null;
        _find.Reset();
        return holder;
    }
}
