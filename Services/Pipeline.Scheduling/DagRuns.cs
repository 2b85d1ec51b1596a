using System.Runtime.CompilerServices;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling;

/// <summary>DAGs and their runs as pages, the API and the command line see them. Safe for concurrent use, in any process on the database.</summary>
/// <remarks>Every member throws <see cref="MetadataStoreException"/> when the metadata database does not answer.</remarks>
public sealed class DagRuns
{
    private static readonly TimeSpan FollowInterval = TimeSpan.FromMilliseconds(250);

    private readonly DagCatalog _catalog;
    private readonly MetadataDatabase _database;
    private readonly TimeProvider _clock;

    internal DagRuns(DagCatalog catalog, MetadataDatabase database, TimeProvider clock)
    {
        _catalog = catalog;
        _database = database;
        _clock = clock;
    }

    public async Task<Page<DagSummary>> ListDagsAsync(DagQuery query, CancellationToken cancellationToken)
    {
        var page = await _database.ReadAsync(session => DagListQueries.ListDags(session, query), cancellationToken);
        return page with { Items = [.. page.Items.Select(WithNext)] };
    }

    public async Task<DagSummary?> FindDagAsync(string dagId, CancellationToken cancellationToken)
        => await _database.ReadAsync(session => DagListQueries.FindDag(session, dagId), cancellationToken) is { } dag ? WithNext(dag) : null;

    /// <summary>Oldest first.</summary>
    public Task<IReadOnlyList<DagVersion>> ListVersionsAsync(string dagId, CancellationToken cancellationToken)
        => _database.ReadAsync(session => DagTable.ListVersions(session, dagId), cancellationToken);

    /// <summary>The DAG of a version, to be asked for its tasks and edges: the code's own where this process has it, otherwise what was stored of it.</summary>
    /// <param name="versionId">The latest when <see langword="null"/>.</param>
    public Task<Dag?> FindStructureAsync(string dagId, long? versionId, CancellationToken cancellationToken)
        => _database.ReadAsync(session => Structures.Find(session, _catalog, dagId, versionId), cancellationToken);

    public Task<IReadOnlyList<ImportError>> ListImportErrorsAsync(CancellationToken cancellationToken)
        => _database.ReadAsync(DagListQueries.ListImportErrors, cancellationToken);

    public Task<Page<DagRun>> ListRunsAsync(DagRunQuery query, CancellationToken cancellationToken)
        => _database.ReadAsync(session => RunQueries.ListRuns(session, query), cancellationToken);

    public Task<DagRun?> FindRunAsync(string dagId, string runId, CancellationToken cancellationToken)
        => _database.ReadAsync(session => DagRunTable.Find(session, dagId, runId), cancellationToken);

    /// <summary>Several runs at once, in no order; those that there are not are missing.</summary>
    public Task<IReadOnlyList<DagRun>> FindRunsAsync(IReadOnlyCollection<(string DagId, string RunId)> runs, CancellationToken cancellationToken)
        => _database.ReadAsync(session => RunQueries.FindRuns(session, runs), cancellationToken);

    public Task<IReadOnlyDictionary<DagRunState, long>> CountRunsAsync(string dagId, CancellationToken cancellationToken)
        => _database.ReadAsync(session => RunQueries.CountRuns(session, dagId), cancellationToken);

    public Task<Page<TaskInstance>> ListTaskInstancesAsync(TaskInstanceQuery query, CancellationToken cancellationToken)
        => _database.ReadAsync(session => RunQueries.ListTaskInstances(session, query), cancellationToken);

    /// <summary>In the order of the DAG, as far as it is known.</summary>
    public Task<IReadOnlyList<TaskInstance>> ListTaskInstancesAsync(string dagId, string runId, CancellationToken cancellationToken)
        => _database.ReadAsync(session => InOrder(dagId, TaskInstanceTable.List(session, dagId, runId)), cancellationToken);

    public Task<TaskInstance?> FindTaskInstanceAsync(string dagId, string runId, string taskId, CancellationToken cancellationToken)
        => _database.ReadAsync(session => TaskInstanceTable.Find(session, dagId, runId, taskId), cancellationToken);

    /// <summary>The tries of a task instance, first to last; each is the task instance as the try left it.</summary>
    public Task<IReadOnlyList<TaskInstance>> ListTriesAsync(string dagId, string runId, string taskId, CancellationToken cancellationToken)
        => _database.ReadAsync(session => TaskInstanceTable.ListTries(session, dagId, runId, taskId), cancellationToken);

    /// <summary>The latest runs with all their task instances, latest first.</summary>
    public Task<IReadOnlyList<GridRun>> ListGridAsync(string dagId, int limit, CancellationToken cancellationToken)
        => ListGridAsync(new DagRunQuery { DagId = dagId, Limit = limit, OrderBy = "-run_after", WithTotal = false }, cancellationToken);

    /// <summary>A page of runs with all their task instances, the tasks in the order of the DAG.</summary>
    public async Task<IReadOnlyList<GridRun>> ListGridAsync(DagRunQuery query, CancellationToken cancellationToken)
    {
        var grid = await _database.ReadAsync(session => RunQueries.Grid(session, query), cancellationToken);
        return [.. grid.Select(row => row with { Tasks = InOrder(row.Run.DagId, row.Tasks) })];
    }

    public Task<IReadOnlyList<XCom>> ListResultsAsync(string dagId, string runId, CancellationToken cancellationToken)
        => _database.ReadAsync(session => ResultTable.ListResults(session, dagId, runId), cancellationToken);

    public async Task<XCom?> FindResultAsync(string dagId, string runId, string taskId, string key, CancellationToken cancellationToken)
        => (await ListResultsAsync(dagId, runId, cancellationToken)).FirstOrDefault(result => result.TaskId == taskId && result.Key == key);

    /// <summary>Lines of a try, in order.</summary>
    /// <param name="afterLine">The last line seen; 0 for the first page.</param>
    public Task<IReadOnlyList<TaskLogLine>> ReadLogAsync(
        string dagId, string runId, string taskId, int tryNumber, int afterLine, int limit, CancellationToken cancellationToken)
        => _database.ReadAsync(session => ResultTable.ReadLines(session, dagId, runId, taskId, tryNumber, afterLine, limit), cancellationToken);

    /// <summary>The lines of a try as they come, until it has ended.</summary>
    public async IAsyncEnumerable<TaskLogLine> FollowLogAsync(
        string dagId, string runId, string taskId, int tryNumber, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = 0;
        while (true)
        {
            // Asked before the lines are read: what a try logged is stored with its end, so nothing comes after it.
            var task = await FindTaskInstanceAsync(dagId, runId, taskId, cancellationToken);
            var isOver = task is null || task.TryNumber > tryNumber || (task.TryNumber == tryNumber && task.State != TaskInstanceState.Running);
            IReadOnlyList<TaskLogLine> lines;
            do
            {
                lines = await ReadLogAsync(dagId, runId, taskId, tryNumber, last, 500, cancellationToken);
                foreach (var line in lines)
                {
                    last = line.Line;
                    yield return line;
                }
            }
            while (lines.Count > 0);
            if (isOver)
            {
                yield break;
            }

            await Task.Delay(FollowInterval, _clock, cancellationToken);
        }
    }

    public Task<Page<AuditEvent>> ListEventsAsync(AuditQuery query, CancellationToken cancellationToken)
        => _database.ReadAsync(session => DagListQueries.ListEvents(session, query), cancellationToken);

    public Task<AuditEvent?> FindEventAsync(long id, CancellationToken cancellationToken)
        => _database.ReadAsync(session => DagListQueries.FindEvent(session, id), cancellationToken);

    public Task<IReadOnlyList<PoolUsage>> ListPoolsAsync(CancellationToken cancellationToken) => _database.ReadAsync(PoolTable.List, cancellationToken);

    /// <summary>Scheduler instances, the latest first.</summary>
    public Task<IReadOnlyList<SchedulerJob>> ListJobsAsync(CancellationToken cancellationToken) => _database.ReadAsync(JobTable.List, cancellationToken);

    /// <summary>The last sign of life of any scheduler on this database.</summary>
    public async Task<DateTimeOffset?> LatestSchedulerHeartbeatAsync(CancellationToken cancellationToken)
        => (await ListJobsAsync(cancellationToken)).Where(job => job.State == "running").Select(job => (DateTimeOffset?)job.LatestHeartbeat).Max();

    public Task<IReadOnlyList<AssetSummary>> ListAssetsAsync(CancellationToken cancellationToken) => _database.ReadAsync(AssetTable.List, cancellationToken);

    /// <summary>Latest first.</summary>
    public Task<Page<AssetEvent>> ListAssetEventsAsync(AssetEventQuery query, CancellationToken cancellationToken)
        => _database.ReadAsync(session => DagListQueries.ListAssetEvents(session, query), cancellationToken);

    /// <summary>Deadlines of runs, the latest first.</summary>
    public Task<IReadOnlyList<DeadlineStatus>> ListDeadlinesAsync(string dagId, string? runId, bool missedOnly, int limit, CancellationToken cancellationToken)
        => _database.ReadAsync(session => RunQueries.ListDeadlines(session, dagId, runId, missedOnly, limit), cancellationToken);

    private DagSummary WithNext(DagSummary dag)
        => dag with { NextInterval = _catalog.Find(dag.DagId)?.NextInterval(dag.LastInterval, _clock.GetUtcNow()) };

    private IReadOnlyList<TaskInstance> InOrder(string dagId, IReadOnlyList<TaskInstance> tasks)
    {
        var order = _catalog.Find(dagId)?.Tasks.Select(task => task.Id).ToList() ?? [];
        return [.. tasks.OrderBy(task => order.IndexOf(task.TaskId) is var at && at < 0 ? int.MaxValue : at).ThenBy(task => task.TaskId, StringComparer.Ordinal)];
    }
}
