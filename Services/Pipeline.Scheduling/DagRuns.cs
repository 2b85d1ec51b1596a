using System.Text;
using System.Text.Json;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling;

/// <summary>DAGs and their runs as pages, the API and the command line see them. Safe for concurrent use, in any process on the database.</summary>
/// <remarks>Every member throws <see cref="MetadataStoreException"/> when the metadata database does not answer.</remarks>
public sealed class DagRuns
{
    private readonly DagCatalog _catalog;
    private readonly MetadataDatabase _database;
    private readonly DagRunStore _runs;
    private readonly TaskInstanceStore _tasks;
    private readonly DagRunQueries _queries;
    private readonly JobStore _jobs;
    private readonly SchedulerSignal _signal;
    private readonly TimeProvider _clock;

    internal DagRuns(
        DagCatalog catalog, MetadataDatabase database, DagRunStore runs, TaskInstanceStore tasks, DagRunQueries queries, JobStore jobs, SchedulerSignal signal, TimeProvider clock)
    {
        _catalog = catalog;
        _database = database;
        _runs = runs;
        _tasks = tasks;
        _queries = queries;
        _jobs = jobs;
        _signal = signal;
        _clock = clock;
    }

    public IReadOnlyCollection<Dag> Dags => _catalog.All;

    /// <summary>The next interval of a DAG and so when it is due; <see langword="null"/> without a schedule.</summary>
    public DataInterval? NextInterval(Dag dag)
    {
        ArgumentNullException.ThrowIfNull(dag);
        return dag.NextInterval(_runs.LastScheduledInterval(dag.Id), _clock.GetUtcNow());
    }

    /// <summary>Latest first; of all DAGs when none is named.</summary>
    /// <param name="before">Only runs whose logical date is earlier: the last one of the page before.</param>
    public IReadOnlyList<DagRun> ListRuns(string? dagId, int limit, DateTimeOffset? before = null) => _queries.ListRuns(dagId, before, limit);

    public IReadOnlyDictionary<DagRunState, long> CountRuns(string dagId) => _queries.CountRuns(dagId);

    public DagRun? FindRun(string dagId, string runId) => _queries.FindRun(dagId, runId);

    /// <summary>In the order of the DAG, if it is still known.</summary>
    public IReadOnlyList<TaskInstance> ListTaskInstances(string dagId, string runId)
    {
        var order = _catalog.Find(dagId)?.Tasks.Select(task => task.Id).ToList() ?? [];
        return [.. _tasks.List(dagId, runId).OrderBy(task => order.IndexOf(task.TaskId) is var at && at < 0 ? int.MaxValue : at)];
    }

    public IReadOnlyList<XCom> ListResults(string dagId, string runId) => _queries.ListResults(dagId, runId);

    public IReadOnlyList<TaskLogLine> ListLog(string dagId, string runId, string taskId, int tryNumber) => _queries.ListLog(dagId, runId, taskId, tryNumber);

    /// <summary>The last sign of life of any scheduler on this database.</summary>
    public DateTimeOffset? LatestSchedulerHeartbeat() => _queries.LatestHeartbeat();

    /// <summary>Queues a manual run; a scheduler of any process starts it.</summary>
    /// <param name="dataInterval">What it covers; the instant of the trigger when <see langword="null"/>.</param>
    /// <param name="conf">A JSON object for the tasks, at most 64 KiB.</param>
    /// <param name="owner">Who asks, for the audit log.</param>
    /// <exception cref="ArgumentException">The DAG is unknown, or the conf is not a JSON object of that size.</exception>
    public async Task<DagRun> TriggerAsync(string dagId, DataInterval? dataInterval, string? conf, string owner, CancellationToken cancellationToken)
    {
        var dag = _catalog.Find(dagId) ?? throw new ArgumentException($"There is no DAG '{dagId}'.", nameof(dagId));
        CheckConf(conf);
        await _database.MigrateAsync(cancellationToken);
        while (true)
        {
            var now = _clock.GetUtcNow();

            // Stored in milliseconds; what is returned must be what a later read gives.
            var instant = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
            var run = new DagRun
            {
                DagId = dag.Id,
                RunId = RunId.For(DagRunType.Manual, now),
                Type = DagRunType.Manual,
                DataInterval = dataInterval ?? new DataInterval(instant, instant),
                QueuedAt = instant,
                Conf = conf,
            };
            if (await _runs.CreateAsync(run, cancellationToken))
            {
                await _jobs.AuditAsync("trigger", run.DagId, run.RunId, owner, conf, now, cancellationToken);
                _signal.Set();
                return run;
            }

            // Two triggers within a microsecond: the later one takes the next.
            await Task.Delay(TimeSpan.FromMilliseconds(1), _clock, cancellationToken);
        }
    }

    private static void CheckConf(string? conf)
    {
        if (conf is null)
        {
            return;
        }

        if (Encoding.UTF8.GetByteCount(conf) > XCom.MaxBytes)
        {
            throw new ArgumentException($"The conf of a run is at most {XCom.MaxBytes} bytes of JSON.", nameof(conf));
        }

        try
        {
            using var document = JsonDocument.Parse(conf);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new ArgumentException("The conf of a run is a JSON object.", nameof(conf));
            }
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"The conf of a run is not valid JSON: {e.Message}", nameof(conf), e);
        }
    }
}
