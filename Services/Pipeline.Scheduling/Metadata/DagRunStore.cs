using Dapper;
using Microsoft.Data.Sqlite;

namespace Pipeline.Scheduling.Metadata;

/// <summary>
/// Runs and who owns them. Every change is a compare-and-set on what the caller saw, so that of several schedulers on one
/// database exactly one creates, claims, adopts or finishes a run.
/// </summary>
internal sealed class DagRunStore(MetadataDatabase database)
{
    /// <summary>Writes what the code says about its DAGs; history of DAGs that are gone stays.</summary>
    public Task SaveDagsAsync(IEnumerable<Dag> dags, DateTimeOffset now, CancellationToken cancellationToken)
        => database.WriteAsync(
            (connection, transaction) => connection.Execute(
                """
                INSERT INTO dag (dag_id, description, timetable_summary, start_date, catchup, max_active_runs, last_parsed_time)
                VALUES (@Id, @Description, @Timetable, @StartDate, @Catchup, @MaxActiveRuns, @Now)
                ON CONFLICT (dag_id) DO UPDATE SET
                    description = excluded.description, timetable_summary = excluded.timetable_summary, start_date = excluded.start_date,
                    catchup = excluded.catchup, max_active_runs = excluded.max_active_runs, last_parsed_time = excluded.last_parsed_time
                """,
                dags.Select(dag => new
                {
                    dag.Id,
                    dag.Description,
                    Timetable = dag.Timetable.Summary,
                    StartDate = dag.StartDate?.ToUnixTimeMilliseconds(),
                    Catchup = dag.Catchup ? 1 : 0,
                    dag.MaxActiveRuns,
                    Now = now.ToUnixTimeMilliseconds(),
                }),
                transaction),
            cancellationToken);

    /// <summary>The interval of the latest scheduled run; it outlives every pruning.</summary>
    public DataInterval? LastScheduledInterval(string dagId) => database.Read(connection => LastScheduledInterval(connection, null, dagId));

    /// <summary>
    /// Creates the scheduled runs that are due, oldest first, as long as fewer than <see cref="Dag.MaxActiveRuns"/> are unfinished.
    /// Two schedulers that do this at once create each run once.
    /// </summary>
    public Task<IReadOnlyList<DagRun>> CreateDueRunsAsync(Dag dag, DateTimeOffset now, CancellationToken cancellationToken)
        => database.WriteAsync<IReadOnlyList<DagRun>>(
            (connection, transaction) =>
            {
                var created = new List<DagRun>();
                var active = connection.ExecuteScalar<int>(
                    "SELECT COUNT(*) FROM dag_run WHERE dag_id = @Id AND state IN ('queued', 'running')", new { dag.Id }, transaction);
                var last = LastScheduledInterval(connection, transaction, dag.Id);
                while (active < dag.MaxActiveRuns && dag.NextInterval(last, now) is { } next && next.End <= now)
                {
                    var run = DagRun.Scheduled(dag, next, now);
                    if (Insert(connection, transaction, run))
                    {
                        created.Add(run);
                        active++;
                    }

                    last = next;
                }

                return created;
            },
            cancellationToken);

    /// <summary>Adds a queued run; <see langword="false"/> when its run id is taken.</summary>
    public Task<bool> CreateAsync(DagRun run, CancellationToken cancellationToken)
        => database.WriteAsync((connection, transaction) => Insert(connection, transaction, run), cancellationToken);

    /// <summary>
    /// Takes the oldest queued run of a DAG that is below its limit and makes it <c>running</c>, owned by this instance, together
    /// with its task instances. <see langword="null"/> when there is none.
    /// </summary>
    public async Task<DagRun?> ClaimAsync(Dag dag, string instance, DateTimeOffset now, DateTimeOffset leaseExpiresAt, CancellationToken cancellationToken)
    {
        // Looked at without the write lock first: nearly always there is nothing to claim.
        if (database.Read(connection => NextClaimable(connection, null, dag)) is null)
        {
            return null;
        }

        return await database.WriteAsync(
            (connection, transaction) =>
            {
                if (NextClaimable(connection, transaction, dag)?.ToModel() is not { } queued)
                {
                    return null;
                }

                var running = queued.Apply(DagRunEvent.Start, now);
                connection.Execute(
                    """
                    UPDATE dag_run SET state = 'running', start_date = @StartDate, claimed_by = @instance, lease_expires_at = @lease
                    WHERE dag_id = @DagId AND run_id = @RunId AND state = 'queued'
                    """,
                    new
                    {
                        StartDate = now.ToUnixTimeMilliseconds(),
                        instance,
                        lease = leaseExpiresAt.ToUnixTimeMilliseconds(),
                        running.DagId,
                        running.RunId,
                    },
                    transaction);
                TaskInstanceStore.InsertMissing(connection, transaction, dag, running);
                return running;
            },
            cancellationToken);
    }

    /// <summary>Running runs of these DAGs with their owner and lease, to find the orphans among them.</summary>
    public IReadOnlyList<OwnedRun> ListRunning(IReadOnlyCollection<string> dagIds) => database.Read(connection =>
        connection.Query<OwnedRun>(
            """
            SELECT dag_id AS DagId, run_id AS RunId, claimed_by AS ClaimedBy, lease_expires_at AS LeaseExpiresAt
            FROM dag_run
            WHERE state = 'running' AND dag_id IN @dagIds
            ORDER BY logical_date
            """,
            new { dagIds }).AsList());

    /// <summary>Takes a run over from an owner that is gone; <see langword="null"/> when its owner or lease changed meanwhile.</summary>
    public Task<DagRun?> AdoptAsync(
        Dag dag, OwnedRun orphan, string instance, DateTimeOffset leaseExpiresAt, CancellationToken cancellationToken)
        => database.WriteAsync(
            (connection, transaction) =>
            {
                var adopted = connection.Execute(
                    """
                    UPDATE dag_run SET claimed_by = @instance, lease_expires_at = @lease
                    WHERE dag_id = @DagId AND run_id = @RunId AND state = 'running' AND claimed_by IS @ClaimedBy AND lease_expires_at IS @LeaseExpiresAt
                    """,
                    new { instance, lease = leaseExpiresAt.ToUnixTimeMilliseconds(), orphan.DagId, orphan.RunId, orphan.ClaimedBy, orphan.LeaseExpiresAt },
                    transaction);
                if (adopted == 0)
                {
                    return null;
                }

                var run = Find(connection, transaction, orphan.DagId, orphan.RunId)!;
                TaskInstanceStore.InsertMissing(connection, transaction, dag, run);
                return run;
            },
            cancellationToken);

    /// <summary>Lengthens the leases of this instance's runs and returns the runs it still owns.</summary>
    public Task<IReadOnlySet<(string DagId, string RunId)>> RenewLeasesAsync(
        string instance, DateTimeOffset leaseExpiresAt, CancellationToken cancellationToken)
        => database.WriteAsync<IReadOnlySet<(string, string)>>(
            (connection, transaction) => connection.Query<(string, string)>(
                """
                UPDATE dag_run SET lease_expires_at = @lease
                WHERE claimed_by = @instance AND state = 'running'
                RETURNING dag_id, run_id
                """,
                new { instance, lease = leaseExpiresAt.ToUnixTimeMilliseconds() },
                transaction).ToHashSet(),
            cancellationToken);

    /// <summary>Remembers the trace of a run.</summary>
    public Task SaveTraceParentAsync(DagRun run, CancellationToken cancellationToken)
        => database.WriteAsync(
            (connection, transaction) => connection.Execute(
                "UPDATE dag_run SET context_carrier = @TraceParent WHERE dag_id = @DagId AND run_id = @RunId", run, transaction),
            cancellationToken);

    /// <exception cref="DagRunLostException">Another instance owns the run by now.</exception>
    public async Task FinishAsync(DagRun finished, string instance, CancellationToken cancellationToken)
    {
        var updated = await database.WriteAsync(
            (connection, transaction) => connection.Execute(
                """
                UPDATE dag_run SET state = @State, end_date = @EndDate, claimed_by = NULL, lease_expires_at = NULL
                WHERE dag_id = @DagId AND run_id = @RunId AND state = 'running' AND claimed_by = @instance
                """,
                new
                {
                    State = finished.State.ToWireName(),
                    EndDate = finished.EndDate?.ToUnixTimeMilliseconds(),
                    finished.DagId,
                    finished.RunId,
                    instance,
                },
                transaction),
            cancellationToken);
        if (updated == 0)
        {
            throw new DagRunLostException(finished.DagId, finished.RunId);
        }
    }

    internal static DagRun? Find(SqliteConnection connection, SqliteTransaction? transaction, string dagId, string runId)
        => connection.QuerySingleOrDefault<DagRunRow>(
            $"SELECT {DagRunRow.Columns} FROM dag_run WHERE dag_id = @dagId AND run_id = @runId", new { dagId, runId }, transaction)?.ToModel();

    private static DataInterval? LastScheduledInterval(SqliteConnection connection, SqliteTransaction? transaction, string dagId)
        => connection.QueryFirstOrDefault<DagRunRow>(
            $"""
            SELECT {DagRunRow.Columns} FROM dag_run
            WHERE dag_id = @dagId AND run_type = 'scheduled'
            ORDER BY logical_date DESC
            LIMIT 1
            """,
            new { dagId },
            transaction)?.ToModel().DataInterval;

    private static DagRunRow? NextClaimable(SqliteConnection connection, SqliteTransaction? transaction, Dag dag)
        => connection.QueryFirstOrDefault<DagRunRow>(
            $"""
            SELECT {DagRunRow.Columns} FROM dag_run
            WHERE state = 'queued' AND dag_id = @Id
                AND (SELECT COUNT(*) FROM dag_run WHERE state = 'running' AND dag_id = @Id) < @MaxActiveRuns
            ORDER BY logical_date, queued_at
            LIMIT 1
            """,
            new { dag.Id, dag.MaxActiveRuns },
            transaction);

    private static bool Insert(SqliteConnection connection, SqliteTransaction transaction, DagRun run)
        => connection.Execute(
            """
            INSERT INTO dag_run (dag_id, run_id, run_type, state, logical_date, data_interval_start, data_interval_end, queued_at, conf)
            VALUES (@DagId, @RunId, @RunType, @State, @DataIntervalStart, @DataIntervalStart, @DataIntervalEnd, @QueuedAt, @Conf)
            ON CONFLICT (dag_id, run_id) DO NOTHING
            """,
            DagRunRow.From(run),
            transaction) == 1;
}

/// <summary>A running run as its owner left it.</summary>
internal sealed class OwnedRun
{
    public string DagId { get; set; } = "";

    public string RunId { get; set; } = "";

    public string? ClaimedBy { get; set; }

    public long? LeaseExpiresAt { get; set; }
}
