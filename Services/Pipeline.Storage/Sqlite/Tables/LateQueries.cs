using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Reads late events by event time, newest first.</summary>
internal sealed class LateQueries(SqliteDatabase database)
{
    internal const string Sql =
        """
        SELECT event_id, user_id, event_type, event_time, lateness_ms, ingested_at, topic, partition, "offset", event_data
        FROM late_events
        WHERE event_time >= ?1 AND (event_time, topic, partition, "offset") < (?2, ?3, ?4, ?5)
        ORDER BY event_time DESC, topic DESC, partition DESC, "offset" DESC
        LIMIT ?6
        """;

    private readonly SqliteStatement _read = database.Prepare(Sql);

    public Page<LateEvent> Query(RangeQuery query)
    {
        var before = RecordPlace.Before(query, Cursor.Kind.Late);
        var page = new PageBuilder<LateEvent>(query.Limit);
        _read.Bind(1, query.From ?? long.MinValue)
            .Bind(2, before.Time).BindOnce(3, before.Topic).Bind(4, before.Partition).Bind(5, before.Offset)
            .Bind(6, page.Capacity);
        while (!page.IsFull && _read.Step())
        {
            var data = _read.GetBytes(9).ToArray();
            page.Add(
                new LateEvent(
                    _read.GetGuid(0),
                    _read.GetGuid(1),
                    _read.GetString(2),
                    _read.GetInt64(3),
                    _read.GetInt64(4),
                    _read.GetInt64(5),
                    _read.GetString(6),
                    _read.GetInt32(7),
                    _read.GetInt64(8),
                    data),
                data.Length);
        }

        _read.Reset();
        return page.Build(last => new RecordPlace(last.EventTime, last.Topic, last.Partition, last.Offset).ToCursor(Cursor.Kind.Late), row => row);
    }
}
