using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Writes quality results by day and by rule and day; a later write of the same rule, window and source partition replaces the row.</summary>
internal sealed class QualityTables(CassandraClient client, StorageOptions storage)
{
    private const string ByWindow =
        "INSERT INTO quality_by_window (day, window_start, rule_id, topic, partition, checked, failed) VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    private const string ByRule =
        "INSERT INTO quality_by_rule (rule_id, day, window_start, topic, partition, checked, failed) VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    // About the size of a row.
    private const int RowBytes = WritePlan.RowBytes + (2 * WritePlan.CellBytes) + 80;

    private PreparedStatement? _byWindow;
    private PreparedStatement? _byRule;

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        _byWindow = await client.PrepareAsync(ByWindow, cancellationToken);
        _byRule = await client.PrepareAsync(ByRule, cancellationToken);
    }

    /// <inheritdoc cref="WindowTable.Write(List{WindowRow}, long, WritePlan)" path="/param"/>
    public void Write(List<QualityRow> rows, long from, WritePlan plan)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            if (row.WindowStart >= from)
            {
                Write(in row, plan);
            }
        }
    }

    private void Write(in QualityRow row, WritePlan plan)
    {
        var (day, start) = (Times.DayOf(row.WindowStart), Times.ToTimestamp(row.WindowStart));
        var (timeToLive, writeTime) = (TimeToLive.Seconds(row.WindowStart, storage.QualityRetention, plan.Now), plan.TakeWriteTime());
        var (rule, topic) = (Text.Of(row.RuleId), Text.Of(row.Topic));
        plan.Announce(Listings.Quality, day);
        plan.Announce(Listings.QualityOfRule(rule), day);
        plan.Add(
            new PartitionKey(Listings.Quality, day),
            _byWindow!.Bind(Times.DayName(day), start, rule, topic, row.Partition, row.Checked, row.Failed, writeTime, timeToLive),
            RowBytes);
        plan.Add(
            new PartitionKey("quality_by_rule", day, 0, rule),
            _byRule!.Bind(rule, Times.DayName(day), start, topic, row.Partition, row.Checked, row.Failed, writeTime, timeToLive),
            RowBytes);
    }
}
