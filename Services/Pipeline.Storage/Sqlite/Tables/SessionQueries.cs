using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Reads sessions by their start, newest first.</summary>
internal sealed class SessionQueries(SqliteDatabase database)
{
    private const string Columns =
        """
        SELECT start, session_id, user_id, "end", events, event_types, entry_type, exit_type, is_closed, is_late_update, topic, partition
        FROM user_sessions

        """;

    internal const string ByStartSql = Columns +
        """
        WHERE start >= ?1 AND (start, session_id) < (?2, ?3)
        ORDER BY start DESC, session_id DESC
        LIMIT ?4
        """;

    internal const string ByUserSql = Columns +
        """
        WHERE user_id = ?5 AND start >= ?1 AND (start, session_id) < (?2, ?3)
        ORDER BY start DESC, session_id DESC
        LIMIT ?4
        """;

    private readonly SqliteStatement _byStart = database.Prepare(ByStartSql);
    private readonly SqliteStatement _byUser = database.Prepare(ByUserSql);

    public Page<SessionRow> Query(SessionQuery query)
    {
        var (before, beforeId) = (query.To ?? long.MaxValue, ReadOnlyMemory<byte>.Empty);
        if (query.Cursor is not null)
        {
            var cursor = Cursor.Read(Cursor.Kind.Sessions, query.Cursor);
            var (start, id) = (cursor.Int64(), cursor.Id());
            cursor.End();
            if (start < before)
            {
                (before, beforeId) = (start, id.ToByteArray(bigEndian: true));
            }
        }

        var page = new PageBuilder<SessionRow>(query.Limit);
        var read = query.UserId is { } userId ? _byUser.Bind(5, userId) : _byStart;
        read.Bind(1, query.From ?? long.MinValue).Bind(2, before).BindBlob(3, beforeId.Span).Bind(4, page.Capacity);
        while (read.Step())
        {
            page.Add(new SessionRow(
                read.GetGuid(1),
                read.GetGuid(2),
                read.GetInt64(0),
                read.GetInt64(3),
                read.GetInt64(4),
                read.GetString(5),
                read.GetString(6),
                read.GetString(7),
                read.GetBoolean(8),
                read.GetBoolean(9),
                read.GetString(10),
                read.GetInt32(11)));
        }

        return page.Build(last => Cursor.Write(Cursor.Kind.Sessions).Add(last.Start).Add(last.SessionId).ToString(), row => row);
    }
}
