using Cassandra;

namespace Pipeline.Storage.Cassandra.Reading;

/// <summary>Reads events: by id, by time, by user.</summary>
internal sealed class EventQueries(CassandraReader reader, Layout layout)
{
    private const string Columns =
        """
        SELECT event_time, event_id, user_id, event_data,
            labels.event_type AS event_type, labels.nationality AS nationality, labels.country AS country, labels.region AS region, labels.gender AS gender,
            labels.age_band AS age_band, labels.flags AS flags,
            source.topic AS topic, source.partition AS partition, source.offset AS offset, source.ingested_at AS ingested_at
        FROM events_by_bucket WHERE bucket = ? AND shard = ?

        """;

    private const string ByKey = Columns + "AND event_time = ? AND event_id = ?";
    private const string Range = Columns + "AND event_time >= ? AND event_time <= ?";
    private const string RangeAfter = Columns + "AND event_time >= ? AND (event_time, event_id) < (?, ?)";
    private const string TimesOf = "SELECT event_time FROM event_times WHERE event_id = ?";

    private const string OfUser = "SELECT event_time, event_id FROM events_by_user WHERE bucket = ? AND slot = ? AND user_id = ? AND event_time >= ? AND event_time <= ?";

    private const string OfUserAfter =
        "SELECT event_time, event_id FROM events_by_user WHERE bucket = ? AND slot = ? AND user_id = ? AND event_time >= ? AND (event_time, event_id) < (?, ?)";

    private const int ParallelReads = 32;
    private const int MostBucketsAtOnce = 16;

    public async ValueTask<StoredEvent?> GetAsync(Guid eventId, CancellationToken cancellationToken)
    {
        if (await FindAsync(EventId.TimeIn(eventId), eventId, cancellationToken) is { } found)
        {
            return found;
        }

        await foreach (var row in reader.ReadAsync(TimesOf, [eventId], bytes: null, cancellationToken))
        {
            if (await FindAsync(row.Time("event_time"), eventId, cancellationToken) is { } foreign)
            {
                return foreign;
            }
        }

        return null;
    }

    public ValueTask<Page<StoredEvent>> QueryAsync(EventQuery query, CancellationToken cancellationToken)
        => query.UserId is { } userId ? ByUserAsync(query, userId, cancellationToken) : ByTimeAsync(query, cancellationToken);

    // The order of events is (time descending, shard ascending, id as Cassandra sorts it, descending): what merging the shards gives.
    private async ValueTask<Page<StoredEvent>> ByTimeAsync(EventQuery query, CancellationToken cancellationToken)
    {
        var (first, last) = Times.Inclusive(query.From, query.To);
        var after = CursorOf(query, Cursor.Kind.Events, ref last);
        var page = new PageBuilder<StoredEvent>(query.Limit);
        foreach (var bucket in await reader.BucketsAsync(Listings.Events, layout.BucketOf(first), last, cancellationToken))
        {
            var shards = Enumerable.Range(0, layout.Shards).Select(shard => ReadShardAsync(bucket, (short)shard, first, last, after, cancellationToken));
            await foreach (var found in ShardMerge.NewestFirstAsync(shards, e => e.EventTime, cancellationToken))
            {
                page.Add(found, found.Data.Length);
                if (page.IsFull)
                {
                    return Build(page, Cursor.Kind.Events);
                }
            }
        }

        return Build(page, Cursor.Kind.Events);
    }

    private IAsyncEnumerable<StoredEvent> ReadShardAsync(long bucket, short shard, long first, long last, (long Time, Guid Id)? after, CancellationToken cancellationToken)
    {
        var from = Times.ToBound(first);
        object[] key = [Times.ToBound(bucket), shard];
        if (after is not { } place)
        {
            return EventsAsync(Range, [.. key, from, Times.ToBound(last)], cancellationToken);
        }

        // At the cursor's time: shards before its own were read to the end of it, those behind not at all.
        return layout.ShardOf(place.Id).CompareTo(shard) switch
        {
            0 => EventsAsync(RangeAfter, [.. key, from, Times.ToBound(place.Time), place.Id], cancellationToken),
            > 0 => EventsAsync(Range, [.. key, from, Times.ToBound(place.Time - 1)], cancellationToken),
            _ => EventsAsync(Range, [.. key, from, Times.ToBound(place.Time)], cancellationToken),
        };
    }

    private async ValueTask<Page<StoredEvent>> ByUserAsync(EventQuery query, Guid userId, CancellationToken cancellationToken)
    {
        var (first, last) = Times.Inclusive(query.From, query.To);
        var after = CursorOf(query, Cursor.Kind.EventsOfUser, ref last);
        var page = new PageBuilder<StoredEvent>(query.Limit);
        var buckets = await reader.BucketsAsync(Listings.EventsByUser, layout.UserBucketOf(first), last, cancellationToken);

        // The newest bucket alone, which is enough for a user who is active; then more at once, for one who rarely is.
        for (var (at, count) = (0, 1); at < buckets.Count; at += count, count = Math.Min(count * 4, MostBucketsAtOnce))
        {
            var places = ShardMerge.NewestFirstAsync(
                buckets.Skip(at).Take(count).Select(bucket => PlacesAsync(bucket, userId, first, last, after, cancellationToken)), place => place.Time, cancellationToken);
            await foreach (var chunk in places.Chunk(ParallelReads).WithCancellation(cancellationToken))
            {
                // The index may name an event that is gone, or that belongs to another user by now.
                var events = await Task.WhenAll(chunk.Select(p => FindAsync(p.Time, p.Id, cancellationToken).AsTask()));
                foreach (var found in events.OfType<StoredEvent>().Where(e => e.UserId == userId))
                {
                    page.Add(found, found.Data.Length);
                    if (page.IsFull)
                    {
                        return Build(page, Cursor.Kind.EventsOfUser);
                    }
                }
            }
        }

        return Build(page, Cursor.Kind.EventsOfUser);
    }

    private IAsyncEnumerable<(long Time, Guid Id)> PlacesAsync(
        long bucket, Guid userId, long first, long last, (long Time, Guid Id)? after, CancellationToken cancellationToken)
    {
        object[] key = [Times.ToBound(bucket), layout.SlotOf(userId), userId, Times.ToBound(first)];
        var rows = after is { } place
            ? reader.ReadAsync(OfUserAfter, [.. key, Times.ToBound(place.Time), place.Id], bytes: null, cancellationToken)
            : reader.ReadAsync(OfUser, [.. key, Times.ToBound(last)], bytes: null, cancellationToken);
        return rows.Select(row => (row.Time("event_time"), row.GetValue<Guid>("event_id")));
    }

    /// <summary>The place behind which a listing goes on; moves the end of the range there.</summary>
    private static (long Time, Guid Id)? CursorOf(EventQuery query, Cursor.Kind kind, ref long last)
    {
        if (query.Cursor is null)
        {
            return null;
        }

        var cursor = Cursor.Read(kind, query.Cursor);
        var (time, id) = (cursor.Int64(), cursor.Id());
        cursor.End();
        if (time > last)
        {
            return null;
        }

        last = time;
        return (time, id);
    }

    private static Page<StoredEvent> Build(PageBuilder<StoredEvent> page, Cursor.Kind kind)
        => page.Build(last => Cursor.Write(kind).Add(last.EventTime).Add(last.EventId).ToString(), row => row);

    private async ValueTask<StoredEvent?> FindAsync(long eventTime, Guid eventId, CancellationToken cancellationToken)
    {
        object[] key = [Times.ToBound(layout.BucketOf(eventTime)), layout.ShardOf(eventId), Times.ToBound(eventTime), eventId];
        return await reader.FindAsync(ByKey, key, cancellationToken) is { } row ? Read(row) : null;
    }

    private IAsyncEnumerable<StoredEvent> EventsAsync(string cql, object[] values, CancellationToken cancellationToken)
        => reader.ReadAsync(cql, values, row => row.Bytes("event_data").Length, cancellationToken).Select(Read);

    private static StoredEvent Read(Row row) => new(
        row.GetValue<Guid>("event_id"),
        row.GetValue<Guid>("user_id"),
        row.Text("event_type"),
        row.Time("event_time"),
        row.Time("ingested_at"),
        row.Text("topic"),
        row.GetValue<int>("partition"),
        row.GetValue<long>("offset"),
        row.Text("nationality"),
        row.Text("country"),
        row.Text("region"),
        row.Text("gender"),
        row.Text("age_band"),
        (ulong)row.GetValue<long>("flags"),
        row.Bytes("event_data"));
}
