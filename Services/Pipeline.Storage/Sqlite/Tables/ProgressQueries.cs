using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Reads how far partitions are.</summary>
internal sealed class ProgressQueries(SqliteDatabase database)
{
    private const string Columns =
        """
        SELECT topic, partition, epoch, next_offset, watermark, consumed, stored, dead_lettered, late, duplicate, max_event_time, updated_at,
            latency_p50, latency_p95, latency_p99, owner, last_stored_at
        FROM partition_progress

        """;

    private readonly SqliteStatement _read = database.Prepare(Columns + "WHERE topic = ?1 AND partition = ?2");
    private readonly SqliteStatement _readAll = database.Prepare(Columns + "ORDER BY topic, partition");

    public PartitionProgress? Read(string topic, int partition)
    {
        _read.BindOnce(1, topic).Bind(2, partition);
        var progress = _read.Step() ? Read(_read) : null;
        _read.Reset();
        return progress;
    }

    public List<PartitionProgress> ReadAll()
    {
        var all = new List<PartitionProgress>();
        while (_readAll.Step())
        {
            all.Add(Read(_readAll));
        }

        return all;
    }

    private static PartitionProgress Read(SqliteStatement row) => new()
    {
        Topic = row.GetString(0),
        Partition = row.GetInt32(1),
        Epoch = row.GetInt64(2),
        NextOffset = row.GetInt64(3),
        Watermark = row.GetInt64(4),
        Consumed = row.GetInt64(5),
        Stored = row.GetInt64(6),
        DeadLettered = row.GetInt64(7),
        Late = row.GetInt64(8),
        Duplicate = row.GetInt64(9),
        MaxEventTime = row.GetInt64(10),
        UpdatedAt = row.GetInt64(11),
        LatencyP50 = row.GetNumber(12),
        LatencyP95 = row.GetNumber(13),
        LatencyP99 = row.GetNumber(14),
        Owner = row.GetString(15),
        LastStoredAt = row.GetInt64(16),
    };
}
