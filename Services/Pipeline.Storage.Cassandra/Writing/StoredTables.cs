using Cassandra;
using Pipeline.Storage.Cassandra.Reading;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>The tables whose rows are removed by age and for a rebuild, with their removals.</summary>
internal sealed class StoredTables(CassandraClient client, Layout layout, SessionTables sessions)
{
    private const string Key = "topic = ? AND partition = ? AND offset = ?";

    private static readonly string[] Removals =
    [
        "DELETE FROM events_by_bucket USING TIMESTAMP ? WHERE bucket = ? AND shard = ? AND event_time = ? AND event_id = ?",
        "DELETE FROM events_by_user USING TIMESTAMP ? WHERE bucket = ? AND slot = ? AND user_id = ? AND event_time = ? AND event_id = ?",
        "DELETE FROM user_events USING TIMESTAMP ? WHERE event_id = ?",
        "DELETE FROM event_times USING TIMESTAMP ? WHERE event_id = ? AND event_time = ?",
        "DELETE FROM late_events USING TIMESTAMP ? WHERE bucket = ? AND event_time = ? AND " + Key,
        "DELETE FROM dead_letters USING TIMESTAMP ? WHERE bucket = ? AND ingested_at = ? AND " + Key,
        "DELETE FROM dead_letters_by_reason USING TIMESTAMP ? WHERE reason_code = ? AND day = ? AND ingested_at = ? AND " + Key,
        "DELETE FROM dead_letters_by_rule USING TIMESTAMP ? WHERE rule_id = ? AND day = ? AND ingested_at = ? AND " + Key,
        "DELETE FROM quality_by_window USING TIMESTAMP ? WHERE day = ? AND window_start = ? AND rule_id = ? AND topic = ? AND partition = ?",
        "DELETE FROM quality_by_rule USING TIMESTAMP ? WHERE rule_id = ? AND day = ? AND window_start = ? AND topic = ? AND partition = ?",
        "DELETE FROM metrics_by_window USING TIMESTAMP ? WHERE metric = ? AND dimension = ? AND grain = ? AND day = ? AND window_start = ? AND value = ? AND topic = ? AND partition = ?",
    ];

    private PreparedStatement[] _removals = [];

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        var prepared = new List<PreparedStatement>();
        foreach (var cql in Removals)
        {
            prepared.Add(await client.PrepareAsync(cql, cancellationToken));
        }

        _removals = [.. prepared];
    }

    public StoredTable Events => new(
        Listings.Events,
        bucket => Enumerable.Range(0, layout.Shards).Select(shard => new object[] { Times.ToTimestamp(bucket), (short)shard }),
        """
        SELECT event_time AS time, event_id, user_id, source.topic AS topic, source.partition AS partition, source.offset AS offset, WRITETIME(user_id) AS write_time
        FROM events_by_bucket WHERE bucket = ? AND shard = ? AND event_time < ?
        """,
        RemoveEvent);

    public StoredTable Late => new(
        Listings.Late,
        bucket => [[Times.ToTimestamp(bucket)]],
        "SELECT event_time AS time, topic, partition, offset, WRITETIME(user_id) AS write_time FROM late_events WHERE bucket = ? AND event_time < ?",
        (plan, row, writeTime) =>
        {
            var bucket = layout.BucketOf(row.Time("time"));
            plan.Add(new PartitionKey(Listings.Late, bucket), _removals[4].Bind([writeTime, Times.ToTimestamp(bucket), Times.ToTimestamp(row.Time("time")), .. Position(row)]), WritePlan.RemovalBytes);
        });

    public StoredTable DeadLetters => new(
        Listings.DeadLetters,
        bucket => [[Times.ToTimestamp(bucket)]],
        "SELECT ingested_at AS time, topic, partition, offset, reason_code, rule_id, WRITETIME(reason_code) AS write_time FROM dead_letters WHERE bucket = ? AND ingested_at < ?",
        RemoveDeadLetter);

    public StoredTable Sessions => new(
        Listings.Sessions,
        day => [[Times.DayName(day)]],
        "SELECT session_start AS time, session_id, user_id, topic, partition, WRITETIME(events) AS write_time FROM sessions_by_day WHERE day = ? AND session_start < ?",
        (plan, row, writeTime) => sessions.Remove(new SessionKey(row.GetValue<Guid>("user_id"), row.GetValue<Guid>("session_id"), row.Time("time")), plan, writeTime));

    public StoredTable Quality => new(
        Listings.Quality,
        day => [[Times.DayName(day)]],
        "SELECT window_start AS time, rule_id, topic, partition, WRITETIME(checked) AS write_time FROM quality_by_window WHERE day = ? AND window_start < ?",
        RemoveQuality);

    public StoredTable Windows(WindowSeries series) => new(
        series.Listing,
        day => [[series.Metric, series.Dimension, series.Grain, Times.DayName(day)]],
        """
        SELECT window_start AS time, value, topic, partition, WRITETIME(count) AS write_time
        FROM metrics_by_window WHERE metric = ? AND dimension = ? AND grain = ? AND day = ? AND window_start < ?
        """,
        (plan, row, writeTime) =>
        {
            var start = row.Time("time");
            plan.Add(
                new PartitionKey(series.Listing, Times.DayOf(start)),
                _removals[10].Bind(
                    writeTime, series.Metric, series.Dimension, series.Grain, Times.DayName(start), Times.ToTimestamp(start), row.Text("value"), row.Text("topic"), row.GetValue<int>("partition")),
                WritePlan.RemovalBytes);
        });

    private void RemoveEvent(WritePlan plan, Row row, long writeTime)
    {
        var (ms, id, user) = (row.Time("time"), row.GetValue<Guid>("event_id"), row.GetValue<Guid>("user_id"));
        var (time, bucket, userBucket, shard, slot) = (Times.ToTimestamp(ms), layout.BucketOf(ms), layout.UserBucketOf(ms), layout.ShardOf(id), layout.SlotOf(user));
        plan.Add(new PartitionKey(Listings.Events, bucket, shard), _removals[0].Bind(writeTime, Times.ToTimestamp(bucket), shard, time, id), WritePlan.RemovalBytes);
        plan.Add(new PartitionKey(Listings.EventsByUser, userBucket, slot), _removals[1].Bind(writeTime, Times.ToTimestamp(userBucket), slot, user, time, id), WritePlan.RemovalBytes);
        if (client.Options.EventsById)
        {
            plan.Add(_removals[2].Bind(writeTime, id), WritePlan.RemovalBytes);
        }

        if (EventId.TimeIn(id) != ms)
        {
            plan.Add(_removals[3].Bind(writeTime, id, time), WritePlan.RemovalBytes);
        }
    }

    private void RemoveDeadLetter(WritePlan plan, Row row, long writeTime)
    {
        var ms = row.Time("time");
        var (time, bucket, day, reason, rule) = (Times.ToTimestamp(ms), layout.BucketOf(ms), Times.DayOf(ms), row.Text("reason_code"), row.Text("rule_id"));
        plan.Add(new PartitionKey(Listings.DeadLetters, bucket), _removals[5].Bind([writeTime, Times.ToTimestamp(bucket), time, .. Position(row)]), WritePlan.RemovalBytes);
        plan.Add(new PartitionKey("dead_letters_by_reason", day, 0, reason), _removals[6].Bind([writeTime, reason, Times.DayName(day), time, .. Position(row)]), WritePlan.RemovalBytes);
        plan.Add(new PartitionKey("dead_letters_by_rule", day, 0, rule), _removals[7].Bind([writeTime, rule, Times.DayName(day), time, .. Position(row)]), WritePlan.RemovalBytes);
    }

    private void RemoveQuality(WritePlan plan, Row row, long writeTime)
    {
        var start = row.Time("time");
        var (day, rule, topic, partition) = (Times.DayOf(start), row.Text("rule_id"), row.Text("topic"), row.GetValue<int>("partition"));
        plan.Add(new PartitionKey(Listings.Quality, day), _removals[8].Bind(writeTime, Times.DayName(day), Times.ToTimestamp(start), rule, topic, partition), WritePlan.RemovalBytes);
        plan.Add(new PartitionKey("quality_by_rule", day, 0, rule), _removals[9].Bind(writeTime, rule, Times.DayName(day), Times.ToTimestamp(start), topic, partition), WritePlan.RemovalBytes);
    }

    private static object[] Position(Row row) => [row.Text("topic"), row.GetValue<int>("partition"), row.GetValue<long>("offset")];
}
