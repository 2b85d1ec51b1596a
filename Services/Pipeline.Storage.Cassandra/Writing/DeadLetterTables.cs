using System.Globalization;
using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Writes the dead-letter index by time bucket, and where they are by reason and by rule.</summary>
internal sealed class DeadLetterTables(CassandraClient client, Layout layout, StorageOptions storage)
{
    private const string Upsert =
        """
        INSERT INTO dead_letters (bucket, ingested_at, topic, partition, offset, reason_code, rule_id, message, error_offset, failed_at, record_key, record_value)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?
        """;

    private const string ByReason =
        "INSERT INTO dead_letters_by_reason (reason_code, day, ingested_at, topic, partition, offset) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    private const string ByRule =
        "INSERT INTO dead_letters_by_rule (rule_id, day, ingested_at, topic, partition, offset) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";

    // A server takes no mutation above half a segment of its commit log (16 MiB by default, less on some) and no frame above 16 MiB, and would refuse it
    // for ever. No event may be larger than this; what is, is a dead letter, and all of it lies in the dead-letter topic.
    private const int MostBytes = 1 << 20;

    // About the size of a row besides key and value, and of one that only says where it is.
    private const int RowBytes = WritePlan.RowBytes + (8 * WritePlan.CellBytes) + 300;
    private const int IndexBytes = WritePlan.RowBytes + 50;

    private PreparedStatement? _upsert;
    private PreparedStatement? _byReason;
    private PreparedStatement? _byRule;

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        _upsert = await client.PrepareAsync(Upsert, cancellationToken);
        _byReason = await client.PrepareAsync(ByReason, cancellationToken);
        _byRule = await client.PrepareAsync(ByRule, cancellationToken);
    }

    public void Write(List<DeadLetterRow> rows, WritePlan plan)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            Write(in row, plan);
        }
    }

    private void Write(in DeadLetterRow row, WritePlan plan)
    {
        var (bucket, day, ingested) = (layout.BucketOf(row.IngestedAt), Times.DayOf(row.IngestedAt), Times.ToTimestamp(row.IngestedAt));
        var (timeToLive, writeTime) = (TimeToLive.Seconds(row.IngestedAt, storage.DeadLetterRetention, plan.Now), plan.TakeWriteTime());
        var (topic, reason, rule) = (Text.Of(row.Topic), Text.Of(row.ReasonCode), Text.Of(row.RuleId));
        var (key, value) = (row.Key[..Math.Min(row.Key.Length, MostBytes)], row.Value[..Math.Min(row.Value.Length, MostBytes)]);
        var message = row.Key.Length + row.Value.Length == key.Length + value.Length
            ? Text.Of(row.Message)
            : string.Create(CultureInfo.InvariantCulture, $"{Text.Of(row.Message)} Only the first {MostBytes} bytes of key and value are kept here, of {row.Key.Length} and {row.Value.Length}; all are in the dead-letter topic.");
        plan.Announce(Listings.DeadLetters, bucket);
        plan.Add(
            new PartitionKey(Listings.DeadLetters, bucket),
            _upsert!.Bind(
                Times.ToTimestamp(bucket), ingested, topic, row.Partition, row.Offset, reason, rule, message, row.ErrorOffset, Times.ToTimestamp(row.FailedAt),
                key.ToArray(), value.ToArray(), writeTime, timeToLive),
            RowBytes + key.Length + value.Length);
        plan.Announce(Listings.DeadLettersOfReason(reason), day);
        plan.Add(
            new PartitionKey("dead_letters_by_reason", day, 0, reason),
            _byReason!.Bind(reason, Times.DayName(day), ingested, topic, row.Partition, row.Offset, writeTime, timeToLive),
            IndexBytes);
        plan.Announce(Listings.DeadLettersOfRule(rule), day);
        plan.Add(
            new PartitionKey("dead_letters_by_rule", day, 0, rule),
            _byRule!.Bind(rule, Times.DayName(day), ingested, topic, row.Partition, row.Offset, writeTime, timeToLive),
            IndexBytes);
    }
}
