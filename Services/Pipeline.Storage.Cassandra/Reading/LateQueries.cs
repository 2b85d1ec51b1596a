using Cassandra;

namespace Pipeline.Storage.Cassandra.Reading;

/// <summary>Reads late events by event time, newest first.</summary>
internal sealed class LateQueries(CassandraReader reader, Layout layout)
{
    private const string Cql =
        """
        SELECT event_id, user_id, event_type, event_time, lateness_ms, ingested_at, topic, partition, offset, event_data
        FROM late_events
        WHERE bucket = ? AND (event_time) >= (?) AND (event_time, topic, partition, offset) < (?, ?, ?, ?)
        """;

    public async ValueTask<Page<LateEvent>> QueryAsync(RangeQuery query, CancellationToken cancellationToken)
    {
        var before = RecordPlace.Before(query, Cursor.Kind.Late);
        var (first, last) = Times.Inclusive(query.From, before.Time == long.MaxValue ? null : before.Time + 1);
        var page = new PageBuilder<LateEvent>(query.Limit);
        foreach (var bucket in await reader.BucketsAsync(Listings.Late, layout.BucketOf(first), last, cancellationToken))
        {
            object[] values = [Times.ToBound(bucket), Times.ToBound(first), Times.ToBound(before.Time), before.Topic, before.Partition, before.Offset];
            await foreach (var row in reader.ReadAsync(Cql, values, r => r.Bytes("event_data").Length, cancellationToken))
            {
                var late = Read(row);
                page.Add(late, late.Data.Length);
                if (page.IsFull)
                {
                    return Build(page);
                }
            }
        }

        return Build(page);
    }

    private static Page<LateEvent> Build(PageBuilder<LateEvent> page)
        => page.Build(last => new RecordPlace(last.EventTime, last.Topic, last.Partition, last.Offset).ToCursor(Cursor.Kind.Late), row => row);

    private static LateEvent Read(Row row) => new(
        row.GetValue<Guid>("event_id"),
        row.GetValue<Guid>("user_id"),
        row.Text("event_type"),
        row.Time("event_time"),
        row.GetValue<long>("lateness_ms"),
        row.Time("ingested_at"),
        row.Text("topic"),
        row.GetValue<int>("partition"),
        row.GetValue<long>("offset"),
        row.Bytes("event_data"));
}
