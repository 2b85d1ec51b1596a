using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite;

/// <summary>
/// Removes, in slices, what was derived from the records that partitions are about to read again. Rows that a replay makes again would
/// be replaced anyway; these deletions are for the others: a record that was a dead letter and is now stored, a window that is now empty.
/// </summary>
internal sealed class RebuildDeletions : IDisposable
{
    private const int ScanRows = 20_000;

    private readonly SqliteDatabase _database;

    public RebuildDeletions(SqliteDatabase database, IReadOnlyList<PartitionReset> resets)
    {
        _database = database;
        database.Execute(
            """
            DROP TABLE IF EXISTS temp.rebuilt;
            CREATE TEMP TABLE rebuilt (
                topic TEXT NOT NULL, partition INTEGER NOT NULL, first_offset INTEGER NOT NULL, windows_from INTEGER NOT NULL, sessions_from INTEGER NOT NULL,
                PRIMARY KEY (topic, partition)) WITHOUT ROWID;
            """);
        using var insert = database.Prepare("INSERT INTO rebuilt (topic, partition, first_offset, windows_from, sessions_from) VALUES (?1, ?2, ?3, ?4, ?5)");
        foreach (var reset in resets)
        {
            insert.BindOnce(1, reset.Topic).Bind(2, reset.Partition).Bind(3, reset.FirstOffset).Bind(4, reset.WindowsFrom).Bind(5, reset.SessionsFrom).Execute();
        }
    }

    /// <summary>Looks at the next events from a row downwards and deletes those that are derived again. Returns the row to go on below; null at the end.</summary>
    public long? Events(long below)
    {
        using var find = _database.Prepare(
            "SELECT min(row) FROM (SELECT row FROM user_events WHERE row < ?1 ORDER BY row DESC LIMIT ?2)");
        find.Bind(1, below).Bind(2, ScanRows).Step();
        if (find.IsNull(0))
        {
            return null;
        }

        var lowest = find.GetInt64(0);
        find.Reset();
        using var delete = _database.Prepare(
            """
            DELETE FROM user_events
            WHERE row >= ?1 AND row < ?2 AND EXISTS (
                SELECT 1 FROM event_attributes AS a JOIN rebuilt AS r ON r.topic = a.topic AND r.partition = a.partition
                WHERE a.attributes = user_events.attributes AND user_events."offset" >= r.first_offset)
            """);
        delete.Bind(1, lowest).Bind(2, below).Execute();
        return lowest;
    }

    public int Late() => Delete(
        """
        DELETE FROM late_events WHERE (event_time, topic, partition, "offset") IN (
            SELECT event_time, topic, partition, "offset" FROM late_events AS t
            WHERE EXISTS (SELECT 1 FROM rebuilt AS r WHERE r.topic = t.topic AND r.partition = t.partition AND t."offset" >= r.first_offset)
            ORDER BY event_time DESC, topic DESC, partition DESC, "offset" DESC LIMIT ?1)
        """);

    public int DeadLetters() => Delete(
        """
        DELETE FROM dead_letters WHERE (ingested_at, topic, partition, "offset") IN (
            SELECT ingested_at, topic, partition, "offset" FROM dead_letters AS t
            WHERE EXISTS (SELECT 1 FROM rebuilt AS r WHERE r.topic = t.topic AND r.partition = t.partition AND t."offset" >= r.first_offset)
            ORDER BY ingested_at DESC, topic DESC, partition DESC, "offset" DESC LIMIT ?1)
        """);

    public int Sessions() => Delete(
        """
        DELETE FROM user_sessions WHERE (start, session_id) IN (
            SELECT start, session_id FROM user_sessions AS t
            WHERE EXISTS (SELECT 1 FROM rebuilt AS r WHERE r.topic = t.topic AND r.partition = t.partition AND t.start >= r.sessions_from)
            ORDER BY start DESC, session_id DESC LIMIT ?1)
        """);

    public int Quality() => Delete(
        """
        DELETE FROM quality_results WHERE (window_start, rule_id, topic, partition) IN (
            SELECT window_start, rule_id, topic, partition FROM quality_results AS t
            WHERE EXISTS (SELECT 1 FROM rebuilt AS r WHERE r.topic = t.topic AND r.partition = t.partition AND t.window_start >= r.windows_from)
            ORDER BY window_start DESC, rule_id DESC, topic DESC, partition DESC LIMIT ?1)
        """);

    public int Windows(WindowSeries series) => Delete(
        """
        DELETE FROM windowed_metrics WHERE (metric, dimension, grain, window_start, value, topic, partition) IN (
            SELECT metric, dimension, grain, window_start, value, topic, partition FROM windowed_metrics AS t
            WHERE metric = ?2 AND dimension = ?3 AND grain = ?4 AND window_start >= (SELECT min(windows_from) FROM rebuilt) AND EXISTS (
                SELECT 1 FROM rebuilt AS r WHERE r.topic = t.topic AND r.partition = t.partition AND t.window_start >= r.windows_from)
            ORDER BY window_start DESC, value DESC, topic DESC, partition DESC LIMIT ?1)
        """,
        series);

    public void Dispose() => _database.Execute("DROP TABLE IF EXISTS temp.rebuilt");

    private int Delete(string sql, WindowSeries? series = null)
    {
        using var delete = _database.Prepare(sql);
        delete.Bind(1, Deletions.SliceRows);
        if (series is { } s)
        {
            delete.BindOnce(2, s.Metric).BindOnce(3, s.Dimension).BindOnce(4, s.Grain);
        }

        delete.Execute();
        return _database.Changes;
    }
}
