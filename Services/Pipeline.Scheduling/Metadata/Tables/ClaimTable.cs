namespace Pipeline.Scheduling.Metadata;

/// <summary>A run that an instance owns. Everything it writes names the owner and the token, and is refused when the run has another by then.</summary>
/// <param name="Token">Grows with every change of owner.</param>
/// <param name="Revision">Of the run when it was read; another one means that somebody has changed it.</param>
/// <param name="WasOwn">This very instance had it before, and lost hold of it without dying.</param>
internal sealed record Claim(DagRun Run, string Owner, long Token, long Revision, bool WasOwn = false);

/// <summary>Who runs what: claims of queued runs, take-over of those whose owner is gone, release, and the end.</summary>
internal static class ClaimTable
{
    /// <summary>
    /// Takes queued runs of these DAGs, the longest due first, and makes them <c>running</c> with all their task instances. A DAG at its limit, a paused
    /// one or a paused backfill gives none. The DAG's row is locked meanwhile: of several instances only one counts its runs at a time.
    /// </summary>
    public static IReadOnlyList<Claim> TakeQueued(MetadataSession session, IReadOnlyDictionary<string, CurrentDag> dags, string owner, int atMost, DateTimeOffset now)
    {
        var claims = new List<Claim>();
        var open = session.Query<string>(
            $"""
            SELECT d.dag_id FROM dag d
            WHERE d.dag_id {session.Dialect.AnyOf("dagIds")} AND NOT d.is_paused
                AND EXISTS (SELECT 1 FROM dag_run r WHERE r.dag_id = d.dag_id AND r.state = 'queued')
            ORDER BY d.dag_id {session.Dialect.ForUpdateSkipLocked}
            """,
            new { dagIds = dags.Keys.ToArray() });
        foreach (var dag in open.Select(dagId => dags[dagId]))
        {
            foreach (var row in NextQueued(session, dag.Dag, atMost - claims.Count))
            {
                claims.Add(Start(session, dag, row, owner, now));
            }
        }

        return claims;
    }

    /// <summary>Takes over running runs without an owner, of owners that are gone, and own ones that nobody works on.</summary>
    public static IReadOnlyList<Claim> TakeOrphans(
        MetadataSession session, IReadOnlyDictionary<string, CurrentDag> dags, string owner, IReadOnlyCollection<string> gone, IReadOnlyCollection<long> active, int atMost)
        => [.. session.Query<DagRunRow>(
            $"""
            SELECT {DagRunRow.Columns} FROM dag_run
            WHERE state = 'running' AND dag_id {session.Dialect.AnyOf("dagIds")} AND (claimed_by IS NULL OR claimed_by {session.Dialect.AnyOf("gone")})
            ORDER BY id LIMIT @limit {session.Dialect.ForUpdateSkipLocked}
            """,
            new { dagIds = dags.Keys.ToArray(), gone = gone.ToArray(), limit = atMost + active.Count })
            .Where(row => !active.Contains(row.Id))
            .Take(atMost)
            .Select(row =>
            {
                session.Execute(
                    "UPDATE dag_run SET claimed_by = @owner, fencing_token = fencing_token + 1 WHERE id = @Id",
                    new { owner, row.Id });
                return new Claim(row.ToModel() with { ClaimedBy = owner }, owner, row.FencingToken + 1, row.Revision, WasOwn: row.ClaimedBy == owner);
            })];

    /// <summary>Owners of running runs, with how many they have.</summary>
    public static IReadOnlyList<(string Owner, long Runs)> ListOwners(MetadataSession session)
        => session.Query<(string, long)>("SELECT claimed_by, COUNT(*) FROM dag_run WHERE state = 'running' AND claimed_by IS NOT NULL GROUP BY claimed_by");

    public static bool HasOrphans(MetadataSession session, IReadOnlyCollection<string> dagIds)
        => session.Scalar<long?>(
            $"SELECT id FROM dag_run WHERE state = 'running' AND claimed_by IS NULL AND dag_id {session.Dialect.AnyOf("dagIds")} LIMIT 1",
            new { dagIds = dagIds.ToArray() }) is not null;

    public static bool HasUnfinished(MetadataSession session)
        => session.Scalar<long?>("SELECT id FROM dag_run WHERE state IN ('queued', 'running') LIMIT 1") is not null;

    public static bool HasQueued(MetadataSession session, IReadOnlyCollection<string> dagIds)
        => session.Scalar<long?>(
            $"SELECT id FROM dag_run WHERE state = 'queued' AND dag_id {session.Dialect.AnyOf("dagIds")} LIMIT 1",
            new { dagIds = dagIds.ToArray() }) is not null;

    /// <summary>The revisions of the runs that an instance owns, by run.</summary>
    public static IReadOnlyDictionary<long, long> ListRevisions(MetadataSession session, string owner)
        => session.Query<(long Id, long Revision)>("SELECT id, revision FROM dag_run WHERE state = 'running' AND claimed_by = @owner", new { owner })
            .ToDictionary(row => row.Id, row => row.Revision);

    /// <summary>Gives a run up, for another instance to take at once.</summary>
    public static bool Release(MetadataSession session, Claim claim)
    {
        var released = session.Execute(
            "UPDATE dag_run SET claimed_by = NULL WHERE id = @Id AND state = 'running' AND claimed_by = @Owner AND fencing_token = @Token",
            new { claim.Run.Id, claim.Owner, claim.Token }) == 1;
        session.Dialect.Notify(session);
        return released;
    }

    /// <summary>Ends a run, unless it has another owner or somebody has changed it since the caller looked.</summary>
    public static bool Finish(MetadataSession session, Claim claim, DagRun finished)
        => session.Execute(
            """
            UPDATE dag_run SET state = @state, end_date = @endDate, claimed_by = NULL
            WHERE id = @Id AND state = 'running' AND claimed_by = @Owner AND fencing_token = @Token AND revision = @Revision
            """,
            new { state = finished.State.ToWireName(), endDate = finished.EndDate.ToMs(), claim.Run.Id, claim.Owner, claim.Token, claim.Revision }) == 1;

    /// <summary>Remembers the trace of a run.</summary>
    public static int SaveTraceParent(MetadataSession session, long runId, string traceParent)
        => session.Execute("UPDATE dag_run SET context_carrier = @traceParent WHERE id = @runId", new { runId, traceParent });

    private static List<DagRunRow> NextQueued(MetadataSession session, Dag dag, int atMost)
    {
        if (atMost <= 0)
        {
            return [];
        }

        // Runs of a backfill have its own limit and order, and none of the DAG's room; one that is cleared after its end is a run like any other.
        var groups = session.Query<(long? Backfill, long Limit)>(
            """
            SELECT NULL, @MaxActiveRuns
            UNION ALL
            SELECT b.id, b.max_active_runs FROM backfill b WHERE b.dag_id = @Id AND b.completed_at IS NULL AND NOT b.is_paused
            """,
            new { dag.Id, MaxActiveRuns = (long)dag.MaxActiveRuns });
        var rows = new List<DagRunRow>();
        foreach (var (backfill, limit) in groups)
        {
            var running = session.Scalar<long>(
                $"SELECT COUNT(*) FROM dag_run WHERE state = 'running' AND dag_id = @Id AND {Group(backfill)}", new { dag.Id, backfill });
            if (limit - running > 0)
            {
                rows.AddRange(session.Query<DagRunRow>(
                    $"""
                    SELECT {DagRunRow.Columns} FROM dag_run
                    WHERE state = 'queued' AND dag_id = @Id AND {Group(backfill)}
                    ORDER BY sort_ordinal, logical_date, queued_at LIMIT @room {session.Dialect.ForUpdateSkipLocked}
                    """,
                    new { dag.Id, backfill, room = Math.Min(limit - running, atMost - rows.Count) }));
            }
        }

        return rows;
    }

    private static string Group(long? backfill)
        => backfill is null
            ? "(backfill_id IS NULL OR EXISTS (SELECT 1 FROM backfill b WHERE b.id = dag_run.backfill_id AND b.completed_at IS NOT NULL))"
            : "backfill_id = @backfill";

    /// <summary>Makes a queued run that the caller has locked <c>running</c>, its own.</summary>
    public static Claim Start(MetadataSession session, CurrentDag dag, DagRunRow row, string owner, DateTimeOffset now)
    {
        var running = row.ToModel().Apply(DagRunEvent.Start, now);
        session.Execute(
            """
            UPDATE dag_run SET state = 'running', start_date = @start, claimed_by = @owner, fencing_token = fencing_token + 1,
                dag_version_id = COALESCE(dag_version_id, @VersionId)
            WHERE id = @Id
            """,
            new { start = now.ToMs(), owner, dag.VersionId, row.Id });
        if (row.DagVersionId is null)
        {
            TaskInstanceTable.InsertMissing(session, dag.Dag, running);
        }

        running = running with { DagVersionId = row.DagVersionId ?? dag.VersionId, ClaimedBy = owner };
        return new Claim(running, owner, row.FencingToken + 1, row.Revision);
    }
}

/// <summary>A DAG of this process's code and the version that it is in the database.</summary>
internal sealed record CurrentDag(Dag Dag, long VersionId);
