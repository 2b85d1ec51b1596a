using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Writes sessions. The key holds the start: a session whose start moves is removed under the old one and written under the new one.</summary>
internal sealed class SessionTable(SqliteDatabase database, Utf8Cache utf8)
{
    private readonly SqliteStatement _upsert = database.Prepare(
        """
        INSERT INTO user_sessions (start, session_id, user_id, "end", events, event_types, entry_type, exit_type, is_closed, is_late_update,
            topic, partition)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
        ON CONFLICT DO UPDATE SET
            user_id = excluded.user_id, "end" = excluded."end", events = excluded.events, event_types = excluded.event_types,
            entry_type = excluded.entry_type, exit_type = excluded.exit_type, is_closed = excluded.is_closed, is_late_update = excluded.is_late_update,
            topic = excluded.topic, partition = excluded.partition
        """);

    private readonly SqliteStatement _remove = database.Prepare("DELETE FROM user_sessions WHERE start = ?1 AND session_id = ?2");

    /// <param name="from">Sessions that start before this are left as they are: after a rebuild, the log may hold only a part of them.</param>
    public void Write(List<SessionRow> rows, List<SessionKey> removed, long from)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            if (row.Start >= from)
            {
                Write(in row);
            }
        }

        // Removals last: a session may be written and merged away within one batch, and one that was merged away does not come back.
        foreach (ref readonly var key in CollectionsMarshal.AsSpan(removed))
        {
            if (key.Start >= from)
            {
                _remove.Bind(1, key.Start).Bind(2, key.SessionId).Execute();
            }
        }
    }

    private void Write(in SessionRow row)
        => _upsert.Bind(1, row.Start).Bind(2, row.SessionId).Bind(3, row.UserId).Bind(4, row.End).Bind(5, row.Events)
            .BindOnce(6, row.EventTypes).BindText(7, utf8[row.EntryType]).BindText(8, utf8[row.ExitType]).Bind(9, row.IsClosed)
            .Bind(10, row.IsLateUpdate).BindText(11, utf8[row.Topic]).Bind(12, row.Partition)
            .Execute();
}
