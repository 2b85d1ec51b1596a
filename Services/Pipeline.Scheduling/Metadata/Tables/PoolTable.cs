namespace Pipeline.Scheduling.Metadata;

/// <summary>Pools: how many task instances of a kind may run at once over all instances of the scheduler.</summary>
internal static class PoolTable
{
    /// <summary>The condition of the index of task instances by pool, word for word: without it SQLite does not use the index.</summary>
    private const string InPool = "state IN ('scheduled', 'queued', 'running')";

    /// <summary>
    /// How many slots of pools are free. Locks the pools until the transaction ends, so that two instances do not take one slot. One that was deleted, or
    /// never made, is missing: as in Airflow its tasks wait until somebody makes it.
    /// </summary>
    public static Dictionary<string, long> LockRoom(MetadataSession session, IEnumerable<string> pools)
    {
        var names = pools.Distinct(StringComparer.Ordinal).ToArray();
        var slots = session.Query<(string Pool, long Slots)>(
            $"SELECT pool, slots FROM slot_pool WHERE pool {session.Dialect.AnyOf("names")} ORDER BY pool {session.Dialect.ForUpdate}", new { names });
        var taken = session.Query<(string Pool, long Taken)>(
            $"SELECT pool, SUM(pool_slots) FROM task_instance WHERE pool {session.Dialect.AnyOf("names")} AND state = 'running' AND {InPool} GROUP BY pool", new { names })
            .ToDictionary(row => row.Pool, row => row.Taken, StringComparer.Ordinal);
        return slots.ToDictionary(row => row.Pool, row => row.Slots < 0 ? long.MaxValue : row.Slots - taken.GetValueOrDefault(row.Pool), StringComparer.Ordinal);
    }

    public static IReadOnlyList<PoolUsage> List(MetadataSession session)
        => [.. session.Query<PoolRow>(
            $"""
            SELECT p.pool AS Name, p.slots AS Slots, p.description AS Description,
                COALESCE(SUM(CASE WHEN t.state = 'running' THEN t.pool_slots END), 0) AS Running,
                COALESCE(SUM(CASE WHEN t.state = 'queued' THEN t.pool_slots END), 0) AS Queued,
                COALESCE(SUM(CASE WHEN t.state = 'scheduled' THEN t.pool_slots END), 0) AS Scheduled
            FROM slot_pool p
            LEFT JOIN task_instance t ON t.pool = p.pool AND t.{InPool}
            GROUP BY p.pool, p.slots, p.description
            ORDER BY p.pool
            """)
            .Select(row => new PoolUsage(row.Name, row.Slots, row.Description, (int)row.Running, (int)row.Queued, (int)row.Scheduled))];

    public static void Save(MetadataSession session, string name, int slots, string? description)
        => session.Execute(
            """
            INSERT INTO slot_pool (pool, slots, description) VALUES (@name, @slots, @description)
            ON CONFLICT (pool) DO UPDATE SET slots = excluded.slots, description = excluded.description
            """,
            new { name, slots, description });

    public static bool Delete(MetadataSession session, string name) => session.Execute("DELETE FROM slot_pool WHERE pool = @name", new { name }) == 1;

    /// <summary>Adds the pools that DAGs of the code name and nobody has made, without a limit: a missing pool would hold their tasks for ever.</summary>
    public static void InsertMissing(MetadataSession session, IEnumerable<string> pools)
    {
        foreach (var pool in pools.Distinct(StringComparer.Ordinal))
        {
            session.Execute("INSERT INTO slot_pool (pool, slots, description) VALUES (@pool, -1, 'Named by a task; no limit was set') ON CONFLICT (pool) DO NOTHING", new { pool });
        }
    }

    private sealed class PoolRow
    {
        public string Name { get; set; } = "";

        public int Slots { get; set; }

        public string? Description { get; set; }

        public long Running { get; set; }

        public long Queued { get; set; }

        public long Scheduled { get; set; }
    }
}
