using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Who writes a partition, and how far it is. Claims and progress are apart: a partition is claimed before anything is stored about it.</summary>
internal sealed class ProgressTable(SqliteDatabase database, Utf8Cache utf8)
{
    private readonly SqliteStatement _claim = database.Prepare(
        """
        INSERT INTO partition_claims (topic, partition, epoch, owner, claimed_at, windows_from, sessions_from)
        VALUES (?1, ?2, 1, ?3, ?4, ?5, ?5)
        ON CONFLICT DO UPDATE SET epoch = epoch + 1, owner = excluded.owner, claimed_at = excluded.claimed_at
        RETURNING epoch
        """);

    private readonly SqliteStatement _setFloor = database.Prepare(
        "UPDATE partition_claims SET windows_from = max(windows_from, ?3), sessions_from = max(sessions_from, ?4) WHERE topic = ?1 AND partition = ?2 AND ?3 < ?5");

    private readonly SqliteStatement _find = database.Prepare("SELECT epoch, owner, windows_from, sessions_from FROM partition_claims WHERE topic = ?1 AND partition = ?2");

    private readonly SqliteStatement _upsert = database.Prepare(
        """
        INSERT OR REPLACE INTO partition_progress (topic, partition, epoch, next_offset, watermark, consumed, stored, dead_lettered, late, duplicate,
            max_event_time, updated_at, latency_p50, latency_p95, latency_p99, owner, last_stored_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
        """);

    /// <summary>Raises the epoch and returns it.</summary>
    public long Claim(string topic, int partition, string owner, long now)
    {
        _claim.BindText(1, utf8[topic]).Bind(2, partition).BindText(3, utf8[owner]).Bind(4, now).Bind(5, long.MinValue).Step();
        var epoch = _claim.GetInt64(0);
        _claim.Execute();
        return epoch;
    }

    /// <summary>Windows and sessions before these times stay as they are from now on. The end of time is no such time: it would silence the partition.</summary>
    public void SetFloor(string topic, int partition, long windowsFrom, long sessionsFrom)
        => _setFloor.BindText(1, utf8[topic]).Bind(2, partition).Bind(3, windowsFrom).Bind(4, sessionsFrom).Bind(5, long.MaxValue).Execute();

    public PartitionClaimRow FindClaim(string topic, int partition)
    {
        _find.BindText(1, utf8[topic]).Bind(2, partition);
        var claim = _find.Step()
            ? new PartitionClaimRow(_find.GetInt64(0), _find.GetString(1), _find.GetInt64(2), _find.GetInt64(3))
            : new PartitionClaimRow(0, "", long.MinValue, long.MinValue);
        _find.Reset();
        return claim;
    }

    public void Write(PartitionProgress progress)
        => _upsert.BindText(1, utf8[progress.Topic]).Bind(2, progress.Partition).Bind(3, progress.Epoch).Bind(4, progress.NextOffset)
            .Bind(5, progress.Watermark).Bind(6, progress.Consumed).Bind(7, progress.Stored).Bind(8, progress.DeadLettered)
            .Bind(9, progress.Late).Bind(10, progress.Duplicate).Bind(11, progress.MaxEventTime).Bind(12, progress.UpdatedAt)
            .Bind(13, progress.LatencyP50).Bind(14, progress.LatencyP95).Bind(15, progress.LatencyP99).BindText(16, utf8[progress.Owner])
            .Bind(17, progress.LastStoredAt)
            .Execute();
}

/// <summary>The claim on a partition; epoch 0 when nobody claimed it yet.</summary>
internal readonly record struct PartitionClaimRow(long Epoch, string Owner, long WindowsFrom, long SessionsFrom);
