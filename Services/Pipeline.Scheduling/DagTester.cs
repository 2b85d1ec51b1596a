using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling;

/// <summary>Runs a DAG once in this process, without a scheduler: for trying a DAG out (<c>dags test</c>). Schedulers on the same database leave the run alone.</summary>
public sealed class DagTester
{
    private readonly DagCatalog _catalog;
    private readonly MetadataDatabase _database;
    private readonly DagVersions _versions;
    private readonly InstanceHeart _heart;
    private readonly InstanceLease _lease;
    private readonly RunServices _services;

    internal DagTester(DagCatalog catalog, MetadataDatabase database, DagVersions versions, InstanceHeart heart, InstanceLease lease, RunServices services)
    {
        _catalog = catalog;
        _database = database;
        _versions = versions;
        _heart = heart;
        _lease = lease;
        _services = services;
    }

    /// <summary>Makes a manual run and takes it to its end.</summary>
    /// <returns>The finished run; <see langword="null"/> when it was cancelled: then a scheduler takes it over.</returns>
    /// <exception cref="DagOperationException">The DAG is unknown, or the request does not fit it.</exception>
    public Task<DagRun?> RunAsync(string dagId, TriggerRequest request, Actor actor, CancellationToken cancellationToken)
    {
        var dag = _catalog.Find(dagId) ?? throw DagOperationException.NoDag(dagId);
        RunConf.Check(dag, request.Conf);
        var now = UnixTime.Cut(_services.Clock.GetUtcNow());
        var interval = request.DataInterval ?? new DataInterval(request.LogicalDate ?? now, request.LogicalDate ?? now);
        return RunAsync(
            dag,
            new DagRun
            {
                DagId = dagId,
                RunId = request.RunId ?? RunId.For(DagRunType.Manual, request.LogicalDate ?? _services.Clock.GetUtcNow()),
                Type = DagRunType.Manual,
                DataInterval = interval,
                QueuedAt = now,
                RunAfter = now,
                Conf = request.Conf,
                Note = request.Note,
                TriggeredBy = actor.Via,
                TriggeringUser = actor.Name,
            },
            cancellationToken);
    }

    internal async Task<DagRun?> RunAsync(Dag dag, DagRun run, CancellationToken cancellationToken)
    {
        await _database.MigrateAsync(cancellationToken);
        await _versions.SaveAsync(_database, cancellationToken);
        await _heart.RegisterAsync(cancellationToken);

        // Made and taken in one transaction, so that no scheduler sees it queued.
        var claim = await _database.WriteAsync(session => Take(session, dag, run), cancellationToken);
        using var control = new RunControl();
        await using var registration = cancellationToken.Register(control.Interrupt);
        using var beating = new CancellationTokenSource();
        var heart = _heart.RunAsync(control.Interrupt, beating.Token);
        try
        {
            return await new RunLoop(_services, dag, claim, control).RunAsync();
        }
        finally
        {
            await beating.CancelAsync();
            await heart;
            await _heart.EndAsync();
        }
    }

    private Claim Take(MetadataSession session, Dag dag, DagRun run)
    {
        if (DagRunTable.Insert(session, run, dag.Deadlines) is null)
        {
            throw DagOperationException.Conflict($"The DAG '{run.DagId}' has a run '{run.RunId}' already.");
        }

        return ClaimTable.Start(session, _versions.Current[dag.Id], DagRunTable.FindRow(session, run.DagId, run.RunId)!, _lease.Instance.Id, run.QueuedAt);
    }
}
