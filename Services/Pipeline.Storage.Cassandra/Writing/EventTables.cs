using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Writes events: the row by time, the index by user, the seed's row by id, and the time of ids that do not tell it.</summary>
internal sealed class EventTables(CassandraClient client, Layout layout, StorageOptions storage)
{
    private const string ByBucket =
        """
        INSERT INTO events_by_bucket (bucket, shard, event_time, event_id, user_id, event_type, nationality, country, region, gender, age_band, flags,
            ingested_at, topic, partition, offset, event_data)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?
        """;

    private const string ByUser = "INSERT INTO events_by_user (month, slot, user_id, event_time, event_id) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    private const string ById = "INSERT INTO user_events (event_id, user_id, event_type, timestamp, event_data) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    private const string TimeOf = "INSERT INTO event_times (event_id, event_time) VALUES (?, ?) USING TIMESTAMP ? AND TTL ?";

    private PreparedStatement? _byBucket;
    private PreparedStatement? _byUser;
    private PreparedStatement? _byId;
    private PreparedStatement? _timeOf;

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        _byBucket = await client.PrepareAsync(ByBucket, cancellationToken);
        _byUser = await client.PrepareAsync(ByUser, cancellationToken);
        _byId = await client.PrepareAsync(ById, cancellationToken);
        _timeOf = await client.PrepareAsync(TimeOf, cancellationToken);
    }

    public void Write(List<EventRow> rows, WritePlan plan)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            Write(in row, plan);
        }
    }

    private void Write(in EventRow row, WritePlan plan)
    {
        var time = Times.ToTimestamp(row.EventTime);
        var (bucket, month) = (layout.BucketOf(row.EventTime), Times.MonthOf(row.EventTime));
        var (shard, slot) = (layout.ShardOf(row.EventId), layout.SlotOf(row.UserId));
        var timeToLive = TimeToLive.Seconds(row.EventTime, storage.EventsRetention, plan.Now);
        var writeTime = plan.TakeWriteTime();
        plan.Announce(Listings.Events, bucket);
        plan.Announce(Listings.EventsByUser, month);
        plan.Add(
            new PartitionKey(Listings.Events, bucket, shard),
            _byBucket!.Bind(
                Times.ToTimestamp(bucket), shard, time, row.EventId, row.UserId, Text.Of(row.EventType), Text.Of(row.Nationality), Text.Of(row.Country),
                Text.Of(row.Region), Text.Of(row.Gender), Text.Of(row.AgeBand), (long)row.Flags, Times.ToTimestamp(row.IngestedAt), Text.Of(row.Topic),
                row.Partition, row.Offset, row.Data.ToArray(), writeTime, timeToLive),
            200 + row.Data.Length);
        plan.Add(
            new PartitionKey(Listings.EventsByUser, month, slot),
            _byUser!.Bind(Times.MonthName(month), slot, row.UserId, time, row.EventId, writeTime, timeToLive));
        if (client.Options.EventsById)
        {
            plan.Add(_byId!.Bind(row.EventId, row.UserId, row.EventType, time, EventData.ToMap(row.Data.Span), writeTime, timeToLive));
        }

        if (EventId.TimeIn(row.EventId) != row.EventTime)
        {
            plan.Add(_timeOf!.Bind(row.EventId, time, writeTime, timeToLive));
        }
    }
}
