using Cassandra;

namespace Pipeline.Storage.Cassandra.Reading;

/// <summary>Reads sessions by their start, newest first.</summary>
internal sealed class SessionQueries(CassandraReader reader)
{
    private const string Columns = "SELECT session_start, session_id, user_id, session_end, events, event_types, entry_type, exit_type, is_closed, is_late_update, topic, partition FROM ";
    private const string Range = "session_start >= ? AND session_start <= ?";
    private const string RangeAfter = "session_start >= ? AND (session_start, session_id) < (?, ?)";
    private const string ByDay = Columns + "sessions_by_day WHERE day = ? AND ";
    private const string ByUser = Columns + "user_sessions WHERE user_id = ? AND ";

    public async ValueTask<Page<SessionRow>> QueryAsync(SessionQuery query, CancellationToken cancellationToken)
    {
        var (first, last) = Times.Inclusive(query.From, query.To);
        Guid? after = null;
        if (query.Cursor is not null)
        {
            var cursor = Cursor.Read(Cursor.Kind.Sessions, query.Cursor);
            var (start, id) = (cursor.Int64(), cursor.Id());
            cursor.End();
            if (start <= last)
            {
                (last, after) = (start, id);
            }
        }

        var page = new PageBuilder<SessionRow>(query.Limit);
        if (query.UserId is { } userId)
        {
            await FillAsync(page, ByUser, userId, first, last, after, cancellationToken);
        }
        else
        {
            foreach (var day in await reader.BucketsAsync(Listings.Sessions, Times.DayOf(first), last, cancellationToken))
            {
                if (!page.IsFull)
                {
                    await FillAsync(page, ByDay, Times.DayName(day), first, last, after, cancellationToken);
                }
            }
        }

        return page.Build(row => Cursor.Write(Cursor.Kind.Sessions).Add(row.Start).Add(row.SessionId).ToString(), row => row);
    }

    private async ValueTask FillAsync(PageBuilder<SessionRow> page, string table, object partition, long first, long last, Guid? after, CancellationToken cancellationToken)
    {
        object[] values = [partition, Times.ToBound(first), Times.ToBound(last)];
        var rows = after is { } id
            ? reader.ReadAsync(table + RangeAfter, [.. values, id], bytes: null, cancellationToken)
            : reader.ReadAsync(table + Range, values, bytes: null, cancellationToken);
        await foreach (var row in rows)
        {
            page.Add(Read(row));
            if (page.IsFull)
            {
                return;
            }
        }
    }

    private static SessionRow Read(Row row) => new(
        row.GetValue<Guid>("session_id"),
        row.GetValue<Guid>("user_id"),
        row.Time("session_start"),
        row.Time("session_end"),
        row.GetValue<long>("events"),
        row.Text("event_types"),
        row.Text("entry_type"),
        row.Text("exit_type"),
        row.GetValue<bool>("is_closed"),
        row.GetValue<bool>("is_late_update"),
        row.Text("topic"),
        row.GetValue<int>("partition"));
}
