using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Writes events: the row by time, the index by user, the seed's row by id, and the time of ids that do not tell it.</summary>
internal sealed class EventTables(CassandraClient client, Layout layout, StorageOptions storage)
{
    private readonly Layout _layout = layout;
    private const string ByBucket =
        """
        INSERT INTO events_by_bucket (bucket, shard, event_time, event_id, user_id, labels, source, event_data)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?
        """;

    private const string ByUser = "INSERT INTO events_by_user (bucket, slot, user_id, event_time, event_id) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    private const string ById = "INSERT INTO user_events (event_id, user_id, event_type, timestamp, event_data) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    private const string TimeOf = "INSERT INTO event_times (event_id, event_time) VALUES (?, ?) USING TIMESTAMP ? AND TTL ?";

    // About the size of a row besides the event itself. In an older keyspace the map has a cell for each of some 17 fields.
    private const int ByBucketBytes = WritePlan.RowBytes + (4 * WritePlan.CellBytes) + 200;
    private const int ByUserBytes = WritePlan.RowBytes + 40;
    private const int ByIdBytes = WritePlan.RowBytes + (20 * WritePlan.CellBytes);
    private const int TimeOfBytes = WritePlan.RowBytes + 8;

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

    /// <param name="rows">Stay as they are until the plan is carried out.</param>
    public void Write(List<EventRow> rows, WritePlan plan)
    {
        var byBucket = new ByBucketRows(this, rows, plan);
        var byUser = new ByUserRows(this, rows, plan);
        var byId = new ByIdRows(this, rows, plan);
        var timeOf = new TimeOfRows(this, rows, plan);
        var all = CollectionsMarshal.AsSpan(rows);
        for (var i = 0; i < all.Length; i++)
        {
            ref readonly var row = ref all[i];
            Check(in row);
            var (bucket, userBucket) = (_layout.BucketOf(row.EventTime), _layout.UserBucketOf(row.EventTime));
            var writeTime = plan.TakeWriteTime();
            plan.Announce(Listings.Events, bucket);
            plan.Announce(Listings.EventsByUser, userBucket);
            plan.Add(new PartitionKey(Listings.Events, bucket, _layout.ShardOf(row.EventId)), new PlannedRow(byBucket, i, writeTime), ByBucketBytes + row.Data.Length);
            plan.Add(new PartitionKey(Listings.EventsByUser, userBucket, _layout.SlotOf(row.UserId)), new PlannedRow(byUser, i, writeTime), ByUserBytes);
            if (client.Options.EventsById)
            {
                plan.Add(new PlannedRow(byId, i, writeTime), ByIdBytes + row.Data.Length);
            }

            if (EventId.TimeIn(row.EventId) != row.EventTime)
            {
                plan.Add(new PlannedRow(timeOf, i, writeTime), TimeOfBytes);
            }
        }
    }

    /// <exception cref="StorageException">The row cannot be stored.</exception>
    private static void Check(in EventRow row)
    {
        Times.Checked(row.EventTime);
        Times.Checked(row.IngestedAt);
        Text.Of(row.EventType);
        Text.Of(row.Nationality);
        Text.Of(row.Country);
        Text.Of(row.Region);
        Text.Of(row.Gender);
        Text.Of(row.AgeBand);
        Text.Of(row.Topic);
    }

    private byte[] TimeToLiveOf(in EventRow row, WritePlan plan) => CqlBytes.OfInt32(TimeToLive.Seconds(row.EventTime, storage.EventsRetention, plan.Now));

    private sealed class ByBucketRows(EventTables tables, List<EventRow> rows, WritePlan plan) : RowSource
    {
        private EncodedTime _bucket;

        public override BoundStatement Encode(int index, long writeTime)
        {
            ref readonly var row = ref CollectionsMarshal.AsSpan(rows)[index];
            var bucket = tables._layout.BucketOf(row.EventTime);
            if (_bucket.Bytes is null || _bucket.Start != bucket)
            {
                _bucket = new EncodedTime(bucket, CqlBytes.OfInt64(bucket));
            }

            return new EncodedRow(
                tables._byBucket!,
                [
                    _bucket.Bytes!, CqlBytes.OfInt16(tables._layout.ShardOf(row.EventId)), CqlBytes.OfInt64(row.EventTime), CqlBytes.OfUuid(row.EventId), CqlBytes.OfUuid(row.UserId),
                    LabelsOf(in row), SourceOf(in row), row.Data.ToArray(), CqlBytes.OfInt64(writeTime), tables.TimeToLiveOf(in row, plan),
                ],
                keyColumns: 2);
        }
    }

    private sealed class ByUserRows(EventTables tables, List<EventRow> rows, WritePlan plan) : RowSource
    {
        private EncodedTime _bucket;

        public override BoundStatement Encode(int index, long writeTime)
        {
            ref readonly var row = ref CollectionsMarshal.AsSpan(rows)[index];
            var bucket = tables._layout.UserBucketOf(row.EventTime);
            if (_bucket.Bytes is null || _bucket.Start != bucket)
            {
                _bucket = new EncodedTime(bucket, CqlBytes.OfInt64(bucket));
            }

            return new EncodedRow(
                tables._byUser!,
                [
                    _bucket.Bytes!, CqlBytes.OfInt16(tables._layout.SlotOf(row.UserId)), CqlBytes.OfUuid(row.UserId), CqlBytes.OfInt64(row.EventTime), CqlBytes.OfUuid(row.EventId),
                    CqlBytes.OfInt64(writeTime), tables.TimeToLiveOf(in row, plan),
                ],
                keyColumns: 2);
        }
    }

    private sealed class ByIdRows(EventTables tables, List<EventRow> rows, WritePlan plan) : RowSource
    {
        public override BoundStatement Encode(int index, long writeTime)
        {
            ref readonly var row = ref CollectionsMarshal.AsSpan(rows)[index];
            return new EncodedRow(
                tables._byId!,
                [
                    CqlBytes.OfUuid(row.EventId), CqlBytes.OfUuid(row.UserId), CqlBytes.OfText(row.EventType), CqlBytes.OfInt64(row.EventTime), EventData.ToMap(row.Data.Span),
                    CqlBytes.OfInt64(writeTime), tables.TimeToLiveOf(in row, plan),
                ],
                keyColumns: 1);
        }
    }

    private sealed class TimeOfRows(EventTables tables, List<EventRow> rows, WritePlan plan) : RowSource
    {
        public override BoundStatement Encode(int index, long writeTime)
        {
            ref readonly var row = ref CollectionsMarshal.AsSpan(rows)[index];
            return new EncodedRow(
                tables._timeOf!, [CqlBytes.OfUuid(row.EventId), CqlBytes.OfInt64(row.EventTime), CqlBytes.OfInt64(writeTime), tables.TimeToLiveOf(in row, plan)], keyColumns: 1);
        }
    }

    /// <summary>The type <c>event_labels</c>.</summary>
    private static byte[] LabelsOf(in EventRow row)
    {
        var (type, nationality, country, region, gender, ageBand) = (row.EventType, row.Nationality, row.Country, row.Region, row.Gender, row.AgeBand);
        var bytes = new byte[
            CqlBytes.FieldSize(type) + CqlBytes.FieldSize(nationality) + CqlBytes.FieldSize(country) + CqlBytes.FieldSize(region) + CqlBytes.FieldSize(gender)
            + CqlBytes.FieldSize(ageBand) + CqlBytes.FieldSize(sizeof(long))];
        var to = bytes.AsSpan();
        CqlBytes.AddField(ref to, type);
        CqlBytes.AddField(ref to, nationality);
        CqlBytes.AddField(ref to, country);
        CqlBytes.AddField(ref to, region);
        CqlBytes.AddField(ref to, gender);
        CqlBytes.AddField(ref to, ageBand);
        CqlBytes.AddField(ref to, (long)row.Flags);
        return bytes;
    }

    /// <summary>The type <c>event_source</c>.</summary>
    private static byte[] SourceOf(in EventRow row)
    {
        var bytes = new byte[CqlBytes.FieldSize(row.Topic) + CqlBytes.FieldSize(sizeof(int)) + (2 * CqlBytes.FieldSize(sizeof(long)))];
        var to = bytes.AsSpan();
        CqlBytes.AddField(ref to, row.Topic);
        CqlBytes.AddField(ref to, row.Partition);
        CqlBytes.AddField(ref to, row.Offset);
        CqlBytes.AddField(ref to, row.IngestedAt);
        return bytes;
    }

    /// <summary>The bucket of the row before, which is nearly always that of the next one.</summary>
    private readonly record struct EncodedTime(long Start, byte[]? Bytes);
}
