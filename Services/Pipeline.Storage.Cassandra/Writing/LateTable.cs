using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Writes late events by time bucket.</summary>
internal sealed class LateTable(CassandraClient client, Layout layout, StorageOptions storage)
{
    private const string Upsert =
        """
        INSERT INTO late_events (bucket, event_time, topic, partition, offset, event_id, user_id, event_type, lateness_ms, ingested_at, event_data)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?
        """;

    // About the size of a row besides the event.
    private const int RowBytes = WritePlan.RowBytes + (6 * WritePlan.CellBytes) + 150;

    private PreparedStatement? _upsert;

    public async ValueTask PrepareAsync(CancellationToken cancellationToken) => _upsert = await client.PrepareAsync(Upsert, cancellationToken);

    public void Write(List<LateRow> rows, WritePlan plan)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            var bucket = layout.BucketOf(row.EventTime);
            plan.Announce(Listings.Late, bucket);
            plan.Add(
                new PartitionKey(Listings.Late, bucket),
                _upsert!.Bind(
                    Times.ToTimestamp(bucket), Times.ToTimestamp(row.EventTime), Text.Of(row.Topic), row.Partition, row.Offset, row.EventId, row.UserId, Text.Of(row.EventType),
                    row.LatenessMs, Times.ToTimestamp(row.IngestedAt), row.Data.ToArray(), plan.TakeWriteTime(), TimeToLive.Seconds(row.EventTime, storage.LateRetention, plan.Now)),
                RowBytes + row.Data.Length);
        }
    }
}
