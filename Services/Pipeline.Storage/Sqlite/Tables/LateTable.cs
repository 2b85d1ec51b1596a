using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Writes late events, keyed by event time and source position.</summary>
internal sealed class LateTable(SqliteDatabase database, Utf8Cache utf8)
{
    private readonly SqliteStatement _upsert = database.Prepare(
        """
        INSERT OR REPLACE INTO late_events (event_time, topic, partition, "offset", event_id, user_id, event_type, lateness_ms, ingested_at, event_data)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """);

    public void Write(List<LateRow> rows)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            _upsert.Bind(1, row.EventTime).BindText(2, utf8[row.Topic]).Bind(3, row.Partition).Bind(4, row.Offset)
                .Bind(5, row.EventId).Bind(6, row.UserId).BindText(7, utf8[row.EventType]).Bind(8, row.LatenessMs).Bind(9, row.IngestedAt)
                .BindBlob(10, row.Data.Span)
                .Execute();
        }
    }
}
