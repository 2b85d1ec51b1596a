using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Writes sessions by day and by user. The key holds the start: a session whose start moves is removed under the old one and written under the new one.</summary>
internal sealed class SessionTables(CassandraClient client, StorageOptions storage)
{
    private const string Columns = "session_end, events, event_types, entry_type, exit_type, is_closed, is_late_update, topic, partition";

    private const string ByDay =
        $"INSERT INTO sessions_by_day (day, session_start, session_id, user_id, {Columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    private const string ByUser =
        $"INSERT INTO user_sessions (user_id, session_start, session_id, {Columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    private const string RemoveByDay = "DELETE FROM sessions_by_day USING TIMESTAMP ? WHERE day = ? AND session_start = ? AND session_id = ?";

    private const string RemoveByUser = "DELETE FROM user_sessions USING TIMESTAMP ? WHERE user_id = ? AND session_start = ? AND session_id = ?";

    // About the size of a row.
    private const int RowBytes = WritePlan.RowBytes + (10 * WritePlan.CellBytes) + 150;

    private PreparedStatement? _byDay;
    private PreparedStatement? _byUser;
    private PreparedStatement? _removeByDay;
    private PreparedStatement? _removeByUser;

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        _byDay = await client.PrepareAsync(ByDay, cancellationToken);
        _byUser = await client.PrepareAsync(ByUser, cancellationToken);
        _removeByDay = await client.PrepareAsync(RemoveByDay, cancellationToken);
        _removeByUser = await client.PrepareAsync(RemoveByUser, cancellationToken);
    }

    /// <param name="from">Sessions that start before this are left as they are: after a rebuild, the log may hold only a part of them.</param>
    public void Write(List<SessionRow> rows, List<SessionKey> removed, long from, WritePlan plan)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            if (row.Start >= from)
            {
                Write(in row, plan);
            }
        }

        // Removals last, so with later write times: a session may be written and merged away within one batch, and one that was merged away does not come back.
        foreach (ref readonly var key in CollectionsMarshal.AsSpan(removed))
        {
            if (key.Start >= from)
            {
                Remove(key, plan, plan.TakeWriteTime());
            }
        }
    }

    /// <param name="writeTime">Rows written later than this stay.</param>
    public void Remove(SessionKey key, WritePlan plan, long writeTime)
    {
        var (day, start) = (Times.DayOf(key.Start), Times.ToTimestamp(key.Start));
        plan.Add(new PartitionKey(Listings.Sessions, day), _removeByDay!.Bind(writeTime, Times.DayName(day), start, key.SessionId), WritePlan.RemovalBytes);
        plan.Add(UserPartition(key.UserId), _removeByUser!.Bind(writeTime, key.UserId, start, key.SessionId), WritePlan.RemovalBytes);
    }

    private static PartitionKey UserPartition(Guid userId) => new("user_sessions", 0, 0, userId.ToString());

    private void Write(in SessionRow row, WritePlan plan)
    {
        var (day, start, end) = (Times.DayOf(row.Start), Times.ToTimestamp(row.Start), Times.ToTimestamp(row.End));
        var (timeToLive, writeTime) = (TimeToLive.Seconds(row.Start, storage.SessionRetention, plan.Now), plan.TakeWriteTime());
        var (types, entry, exit, topic) = (Text.Of(row.EventTypes), Text.Of(row.EntryType), Text.Of(row.ExitType), Text.Of(row.Topic));
        plan.Announce(Listings.Sessions, day);
        plan.Add(
            new PartitionKey(Listings.Sessions, day),
            _byDay!.Bind(
                Times.DayName(day), start, row.SessionId, row.UserId, end, row.Events, types, entry, exit, row.IsClosed, row.IsLateUpdate, topic, row.Partition, writeTime, timeToLive),
            RowBytes);
        plan.Add(
            UserPartition(row.UserId),
            _byUser!.Bind(row.UserId, start, row.SessionId, end, row.Events, types, entry, exit, row.IsClosed, row.IsLateUpdate, topic, row.Partition, writeTime, timeToLive),
            RowBytes);
    }
}
