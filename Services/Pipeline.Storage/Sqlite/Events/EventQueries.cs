using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>Reads events: by id, by time, by user. Inside the caller's read transaction.</summary>
internal sealed class EventQueries(SqliteDatabase database)
{
    internal const string ByKeySql = Columns + "WHERE e.event_time = ?1 AND e.event_id = ?2";

    internal const string ByRowSql = Columns + "WHERE e.row = ?1";

    internal const string ByTimeSql = Columns +
        """
        WHERE e.event_time >= ?1 AND (e.event_time, e.event_id) < (?2, ?3)
        ORDER BY e.event_time DESC, e.event_id DESC
        LIMIT ?4
        """;

    private const string Columns =
        """
        SELECT e.event_id, e.user_id, a.event_type, e.event_time, e.ingested_at, a.topic, a.partition, e."offset",
            a.nationality, a.country, a.region, a.gender, a.age_band, e.flags, e.event_data
        FROM user_events AS e
        CROSS JOIN event_attributes AS a ON a.attributes = e.attributes

        """;

    private readonly SqliteStatement _byKey = database.Prepare(ByKeySql);
    private readonly SqliteStatement _byRow = database.Prepare(ByRowSql);
    private readonly SqliteStatement _byTime = database.Prepare(ByTimeSql);
    private readonly EventIndexReader _byUser = new(database, IndexKind.User);
    private readonly EventIndexReader _byForeignId = new(database, IndexKind.ForeignId);

    public StoredEvent? Get(Guid eventId)
    {
        if (Find(EventId.TimeIn(eventId), eventId) is { } found)
        {
            return found;
        }

        return _byForeignId.Find(EventId.Hash(eventId), long.MinValue, new EventPlace(long.MaxValue, long.MaxValue), limit: 16)
            .Select(place => Find(place.EventTime, eventId))
            .FirstOrDefault(e => e is not null);
    }

    public Page<StoredEvent> Query(EventQuery query) => query.UserId is { } userId ? QueryByUser(query, userId) : QueryByTime(query);

    private Page<StoredEvent> QueryByTime(EventQuery query)
    {
        // No id is empty, so this is before every event of that time.
        var (before, beforeId) = (query.To ?? long.MaxValue, ReadOnlyMemory<byte>.Empty);
        if (query.Cursor is not null)
        {
            var cursor = Cursor.Read(Cursor.Kind.Events, query.Cursor);
            var (time, id) = (cursor.Int64(), cursor.Id());
            cursor.End();
            (before, beforeId) = time < before ? (time, id.ToByteArray(bigEndian: true)) : (before, beforeId);
        }

        var page = new PageBuilder<StoredEvent>(query.Limit);
        _byTime.Bind(1, query.From ?? long.MinValue).Bind(2, before).BindBlob(3, beforeId.Span).Bind(4, page.Capacity);
        while (!page.IsFull && _byTime.Step())
        {
            var found = Read(_byTime);
            page.Add(found, found.Data.Length);
        }

        _byTime.Reset();
        return page.Build(last => Cursor.Write(Cursor.Kind.Events).Add(last.EventTime).Add(last.EventId).ToString(), row => row);
    }

    private Page<StoredEvent> QueryByUser(EventQuery query, Guid userId)
    {
        var from = query.From ?? long.MinValue;
        var before = new EventPlace(query.To ?? long.MaxValue, long.MinValue);
        if (query.Cursor is not null)
        {
            var cursor = Cursor.Read(Cursor.Kind.EventsOfUser, query.Cursor);
            var place = new EventPlace(cursor.Int64(), cursor.Int64());
            cursor.End();
            before = place.CompareTo(before) < 0 ? place : before;
        }

        var page = new PageBuilder<(EventPlace Place, StoredEvent Event)>(query.Limit);
        ReadByUser(userId, from, before, page);
        return page.Build(last => Cursor.Write(Cursor.Kind.EventsOfUser).Add(last.Place.EventTime).Add(last.Place.Row).ToString(), row => row.Event);
    }

    private void ReadByUser(Guid userId, long from, EventPlace before, PageBuilder<(EventPlace, StoredEvent)> page)
    {
        var hash = EventId.Hash(userId);
        while (!page.IsFull)
        {
            var places = _byUser.Find(hash, from, before, page.Capacity);
            foreach (var place in places)
            {
                if (!page.IsFull && Find(place) is { } found && found.UserId == userId)
                {
                    page.Add((place, found), found.Data.Length);
                }
            }

            if (places.Count < page.Capacity)
            {
                return;
            }

            before = places[^1];
        }
    }

    private StoredEvent? Find(long eventTime, Guid eventId) => First(_byKey.Bind(1, eventTime).Bind(2, eventId));

    /// <summary>The event at a place of the index; null when it is gone and its row number went to another one.</summary>
    private StoredEvent? Find(EventPlace place) => First(_byRow.Bind(1, place.Row)) is { } found && found.EventTime == place.EventTime ? found : null;

    private static StoredEvent? First(SqliteStatement statement)
    {
        var found = statement.Step() ? Read(statement) : null;
        statement.Reset();
        return found;
    }

    private static StoredEvent Read(SqliteStatement row) => new(
        row.GetGuid(0),
        row.GetGuid(1),
        row.GetString(2),
        row.GetInt64(3),
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
