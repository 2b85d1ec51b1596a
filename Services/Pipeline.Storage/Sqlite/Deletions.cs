using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite;

/// <summary>
/// Deletes in slices. Each call is one statement over at most <see cref="SliceRows"/> rows, some 20 ms of the writer's time, and returns how many
/// rows went; the caller repeats it until it returns 0 and lets writes pass in between.
/// </summary>
internal sealed class Deletions(SqliteDatabase database)
{
    public const int SliceRows = 2_000;

    /// <summary>Pages given back to the file system at once.</summary>
    private const int VacuumPages = 256;

    private readonly SqliteStatement _nextSeries = database.Prepare(
        """
        SELECT metric, dimension, grain FROM windowed_metrics
        WHERE (metric, dimension, grain) > (?1, ?2, ?3)
        ORDER BY metric, dimension, grain
        LIMIT 1
        """);

    /// <summary>The combinations of metric, dimension and grain that exist; one seek each, since they are the front of the key.</summary>
    public List<WindowSeries> Series()
    {
        var all = new List<WindowSeries>();
        var last = new WindowSeries("", "", "");
        while (true)
        {
            _nextSeries.BindOnce(1, last.Metric).BindOnce(2, last.Dimension).BindOnce(3, last.Grain);
            if (!_nextSeries.Step())
            {
                return all;
            }

            last = new WindowSeries(_nextSeries.GetString(0), _nextSeries.GetString(1), _nextSeries.GetString(2));
            _nextSeries.Reset();
            all.Add(last);
        }
    }

    public int EventsBefore(long time) => Delete(
        "DELETE FROM user_events WHERE row IN (SELECT row FROM user_events WHERE event_time < ?1 ORDER BY event_time, event_id LIMIT ?2)",
        time);

    /// <summary>Index runs whose last event is older; one run at a time, which can be thousands of entries but is few rows.</summary>
    public int IndexRunBefore(long time)
    {
        using var find = database.Prepare("SELECT index_kind, tier, run FROM event_index_runs WHERE max_time < ?1 LIMIT 1");
        if (!find.Bind(1, time).Step())
        {
            return 0;
        }

        var (kind, tier, run) = (find.GetInt64(0), find.GetInt64(1), find.GetInt64(2));
        find.Reset();
        using var transaction = database.BeginImmediate();
        using var dropRun = database.Prepare("DELETE FROM event_index_runs WHERE index_kind = ?1 AND tier = ?2 AND run = ?3");
        using var dropBlocks = database.Prepare("DELETE FROM event_index_blocks WHERE run = ?1");
        dropRun.Bind(1, kind).Bind(2, tier).Bind(3, run).Execute();
        var dropped = database.Changes;
        dropBlocks.Bind(1, run).Execute();
        transaction.Commit();
        return dropped;
    }

    public int LateBefore(long time) => Delete(
        """
        DELETE FROM late_events WHERE (event_time, topic, partition, "offset") IN (
            SELECT event_time, topic, partition, "offset" FROM late_events
            WHERE event_time < ?1 ORDER BY event_time, topic, partition, "offset" LIMIT ?2)
        """,
        time);

    public int DeadLettersBefore(long time) => Delete(
        """
        DELETE FROM dead_letters WHERE (ingested_at, topic, partition, "offset") IN (
            SELECT ingested_at, topic, partition, "offset" FROM dead_letters
            WHERE ingested_at < ?1 ORDER BY ingested_at, topic, partition, "offset" LIMIT ?2)
        """,
        time);

    public int SessionsBefore(long time) => Delete(
        """
        DELETE FROM user_sessions WHERE (start, session_id) IN (
            SELECT start, session_id FROM user_sessions WHERE start < ?1 ORDER BY start, session_id LIMIT ?2)
        """,
        time);

    public int QualityBefore(long time) => Delete(
        """
        DELETE FROM quality_results WHERE (window_start, rule_id, topic, partition) IN (
            SELECT window_start, rule_id, topic, partition FROM quality_results
            WHERE window_start < ?1 ORDER BY window_start, rule_id, topic, partition LIMIT ?2)
        """,
        time);

    public int WindowsBefore(WindowSeries series, long time) => Delete(
        """
        DELETE FROM windowed_metrics WHERE (metric, dimension, grain, window_start, value, topic, partition) IN (
            SELECT metric, dimension, grain, window_start, value, topic, partition FROM windowed_metrics
            WHERE metric = ?3 AND dimension = ?4 AND grain = ?5 AND window_start < ?1
            ORDER BY window_start, value, topic, partition LIMIT ?2)
        """,
        time,
        series);

    /// <summary>Gives some of the free pages back when they are more than a quarter of the file. Returns the pages given back; new rows fill the others.</summary>
    public int Vacuum()
    {
        if (database.QueryInt64("PRAGMA freelist_count") * 4 < database.QueryInt64("PRAGMA page_count"))
        {
            return 0;
        }

        var before = database.QueryInt64("PRAGMA page_count");
        database.Execute($"PRAGMA incremental_vacuum({VacuumPages})");
        return (int)(before - database.QueryInt64("PRAGMA page_count"));
    }

    private int Delete(string sql, long time, WindowSeries? series = null)
    {
        using var delete = database.Prepare(sql);
        delete.Bind(1, time).Bind(2, SliceRows);
        if (series is { } s)
        {
            delete.BindOnce(3, s.Metric).BindOnce(4, s.Dimension).BindOnce(5, s.Grain);
        }

        delete.Execute();
        return database.Changes;
    }
}

/// <summary>Windows that are read together.</summary>
internal readonly record struct WindowSeries(string Metric, string Dimension, string Grain);
