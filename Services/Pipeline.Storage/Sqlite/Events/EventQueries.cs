using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>Reads events: by id, by time, by user. Inside the caller's read transaction.</summary>
internal sealed class EventQueries(SqliteDatabase database)
{
    private const string Columns =
        """
        SELECT e.event_id, e.user_id, a.event_type, e.event_key, e.ingested_at, a.topic, a.partition, e."offset",
            a.nationality, a.country, a.region, a.gender, a.age_band, e.flags, e.event_data
        FROM user_events AS e
        CROSS JOIN event_attributes AS a ON a.attributes = e.attributes

        """;

    internal const string ByKeySql = Columns + "WHERE e.event_key = ?1";

    internal const string ByTimeSql = Columns +
        """
        WHERE e.event_key >= ?1 AND e.event_key < ?2
        ORDER BY e.event_key DESC
        LIMIT ?3
        """;

    private readonly SqliteStatement _byKey = database.Prepare(ByKeySql);
    private readonly SqliteStatement _byTime = database.Prepare(ByTimeSql);
    private readonly EventIndexReader _byUser = new(database, IndexKind.User);
    private readonly EventIndexReader _byForeignId = new(database, IndexKind.ForeignId);

    public StoredEvent? Get(Guid eventId)
    {
        var time = EventKey.TimeInId(eventId);
        if (time <= EventKey.MaxTime && FindInMillisecond(eventId, EventKey.Of(time, eventId)) is { } found)
        {
            return found;
        }

        return _byForeignId.Find(EventKey.Hash(eventId), long.MinValue, long.MaxValue, limit: 16)
            .Select(Get)
            .FirstOrDefault(e => e?.EventId == eventId);
    }

    public Page<StoredEvent> Query(EventQuery query)
    {
        var from = EventKey.LowerBound(query.From ?? long.MinValue);
        var before = EventKey.LowerBound(query.To ?? long.MaxValue);
        if (query.Cursor is not null)
        {
            var cursor = Cursor.Read(Cursor.Kind.Events, query.Cursor);
            before = Math.Min(before, cursor.Int64());
            cursor.End();
        }

        var page = new PageBuilder<(long Key, StoredEvent Event)>(query.Limit);
        if (query.UserId is { } userId)
        {
            ReadByUser(userId, from, before, page);
        }
        else
        {
            ReadByTime(from, before, page);
        }

        return page.Build(last => Cursor.Write(Cursor.Kind.Events).Add(last.Key).ToString(), row => row.Event);
    }

    private void ReadByTime(long from, long before, PageBuilder<(long, StoredEvent)> page)
    {
        _byTime.Bind(1, from).Bind(2, before).Bind(3, page.Capacity);
        while (!page.IsFull && _byTime.Step())
        {
            page.Add((_byTime.GetInt64(3), Read(_byTime)), _byTime.GetBytes(14).Length);
        }

        _byTime.Reset();
    }

    private void ReadByUser(Guid userId, long from, long before, PageBuilder<(long, StoredEvent)> page)
    {
        var hash = EventKey.Hash(userId);
        while (!page.IsFull)
        {
            var keys = _byUser.Find(hash, from, before, page.Capacity);
            foreach (var key in keys)
            {
                if (!page.IsFull && Get(key) is { } found && found.UserId == userId)
                {
                    page.Add((key, found), found.Data.Length);
                }
            }

            if (keys.Count < page.Capacity)
            {
                return;
            }

            before = keys[^1];
        }
    }

    private StoredEvent? FindInMillisecond(Guid eventId, long key)
    {
        for (var probes = 0; probes < EventKey.SlotCount; probes++, key = EventKey.Next(key))
        {
            if (Get(key) is not { } found)
            {
                return null;
            }

            if (found.EventId == eventId)
            {
                return found;
            }
        }

        return null;
    }

    private StoredEvent? Get(long key)
    {
        _byKey.Bind(1, key);
        var found = _byKey.Step() ? Read(_byKey) : null;
        _byKey.Reset();
        return found;
    }

    private static StoredEvent Read(SqliteStatement row) => new(
        row.GetGuid(0),
        row.GetGuid(1),
        row.GetString(2),
        EventKey.TimeOf(row.GetInt64(3)),
        row.GetInt64(4),
        row.GetString(5),
        row.GetInt32(6),
        row.GetInt64(7),
        row.GetString(8),
        row.GetString(9),
        row.GetString(10),
        row.GetString(11),
        row.GetString(12),
        (ulong)row.GetInt64(13),
        row.GetBytes(14).ToArray());
}
