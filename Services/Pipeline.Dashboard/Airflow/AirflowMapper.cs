using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow;

/// <summary>The model in Airflow's shapes.</summary>
internal sealed class AirflowMapper(DagRuns runs, DagCatalog catalog)
{
    // A version never changes, so that one look is enough for the life of the process.
    private readonly ConcurrentDictionary<long, DagVersionResponse> _versions = new();

    public string DisplayName(string dagId) => catalog.Find(dagId)?.DisplayName ?? dagId;

    public static DagResponse Dag(DagSummary dag) => new()
    {
        DagId = dag.DagId,
        DagDisplayName = dag.DisplayName,
        IsPaused = dag.IsPaused,
        IsStale = dag.IsStale,
        LastParsedTime = dag.LastParsedAt.UtcDateTime,
        Description = dag.Description,
        TimetableSummary = dag.TimetableSummary,
        TimetableDescription = dag.TimetableSummary,
        Tags = [.. dag.Tags.Select(tag => new DagTagResponse(tag, dag.DagId, dag.DisplayName))],
        MaxActiveTasks = dag.MaxActiveTasks,
        MaxActiveRuns = dag.MaxActiveRuns,
        HasImportErrors = false,
        NextDagrunLogicalDate = dag.NextInterval?.Start.UtcDateTime,
        NextDagrunDataIntervalStart = dag.NextInterval?.Start.UtcDateTime,
        NextDagrunDataIntervalEnd = dag.NextInterval?.End.UtcDateTime,
        NextDagrunRunAfter = dag.NextInterval?.End.UtcDateTime,
        Owners = dag.Owners,
    };

    public async Task<DagDetailsResponse> DetailsAsync(DagSummary dag, CancellationToken cancellationToken)
    {
        var code = catalog.Find(dag.DagId);
        var counts = await runs.CountRunsAsync(dag.DagId, cancellationToken);
        var latest = await runs.ListVersionsAsync(dag.DagId, cancellationToken) is [.., var newest] ? newest : null;
        return new DagDetailsResponse(Dag(dag))
        {
            ActiveRunsCount = (int)(counts.GetValueOrDefault(DagRunState.Queued) + counts.GetValueOrDefault(DagRunState.Running)),
            AssetExpression = Json(dag.AssetExpression),
            Catchup = dag.Catchup,
            Concurrency = dag.MaxActiveTasks,
            DagRunTimeout = code?.RunTimeout is { } timeout ? System.Xml.XmlConvert.ToString(timeout) : null,
            EndDate = dag.EndDate.Utc(),
            IsPausedUponCreation = code?.IsPausedUponCreation,
            LastParsed = dag.LastParsedAt.UtcDateTime,
            LatestDagVersion = latest is null ? null : Version(latest),
            Params = code is null ? null : Params(code),
            StartDate = dag.StartDate.Utc(),
        };
    }

    public DagVersionResponse Version(DagVersion version) => _versions.GetOrAdd(version.Id, _ => new DagVersionResponse
    {
        Id = StableId($"dag_version/{version.DagId}/{version.Number}"),
        VersionNumber = version.Number,
        DagId = version.DagId,
        CreatedAt = version.CreatedAt.UtcDateTime,
        DagDisplayName = DisplayName(version.DagId),
    });

    public async Task<IReadOnlyList<DagRunResponse>> RunsAsync(IReadOnlyList<DagRun> page, CancellationToken cancellationToken)
    {
        await LoadVersionsAsync(page, cancellationToken);
        return [.. page.Select(Run)];
    }

    public async Task<DagRunResponse> RunAsync(DagRun run, CancellationToken cancellationToken) => (await RunsAsync([run], cancellationToken))[0];

    public async Task<TaskInstanceCollectionResponse> TasksAsync(Scheduling.Page<TaskInstance> page, CancellationToken cancellationToken)
    {
        var ofRuns = await RunsOfAsync(page.Items, cancellationToken);

        // A run that was deleted since has taken its task instances with it.
        var rows = page.Items.Where(task => ofRuns.ContainsKey((task.DagId, task.RunId))).Select(task => Task(task, ofRuns[(task.DagId, task.RunId)]));
        return new TaskInstanceCollectionResponse([.. rows], page.Total);
    }

    public Task<TaskInstanceCollectionResponse> TasksAsync(IReadOnlyList<TaskInstance> tasks, CancellationToken cancellationToken)
        => TasksAsync(new Scheduling.Page<TaskInstance>(tasks, tasks.Count), cancellationToken);

    public async Task<TaskInstanceResponse> TaskAsync(TaskInstance task, CancellationToken cancellationToken)
        => (await TasksAsync([task], cancellationToken)).TaskInstances is [var one] ? one : throw AirflowProblemException.NotFound($"There is no run '{task.RunId}' of the DAG '{task.DagId}'.");

    /// <summary>Tries of one task instance.</summary>
    public async Task<IReadOnlyList<TaskInstanceHistoryResponse>> TriesAsync(IReadOnlyList<TaskInstance> tries, CancellationToken cancellationToken)
    {
        var ofRuns = await RunsOfAsync(tries, cancellationToken);
        return [.. tries.Select(one => Try(one, ofRuns.GetValueOrDefault((one.DagId, one.RunId))))];
    }

    public static JsonNode? Json(string? json) => json is null ? null : JsonNode.Parse(json);

    /// <summary>A UUID for what has none of its own: the same for the same name, for ever.</summary>
    public static Guid StableId(string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }

    private static JsonObject Params(Dag dag) => new(dag.Params.Select(param => KeyValuePair.Create<string, JsonNode?>(param.Name, new JsonObject
    {
        ["value"] = Json(param.DefaultJson),
        ["schema"] = Json(param.SchemaJson) ?? new JsonObject(),
        ["description"] = param.Description,
    })));

    private DagRunResponse Run(DagRun run) => new()
    {
        DagRunId = run.RunId,
        DagId = run.DagId,
        LogicalDate = run.LogicalDate.UtcDateTime,
        QueuedAt = run.QueuedAt.UtcDateTime,
        StartDate = run.StartDate.Utc(),
        EndDate = run.EndDate.Utc(),
        Duration = (run.EndDate - run.StartDate)?.TotalSeconds,
        DataIntervalStart = run.DataInterval.Start.UtcDateTime,
        DataIntervalEnd = run.DataInterval.End.UtcDateTime,
        RunAfter = run.RunAfter.UtcDateTime,
        RunType = run.Type.ToWireName(),
        State = run.State.ToWireName(),
        TriggeredBy = run.TriggeredBy.ToWireName(),
        TriggeringUserName = run.TriggeringUser,
        Conf = Json(run.Conf) ?? new JsonObject(),
        Note = run.Note,
        DagVersions = VersionOf(run) is { } version ? [version] : [],
        DagDisplayName = DisplayName(run.DagId),
    };

    private TaskInstanceResponse Task(TaskInstance task, DagRun run) => new(Try(task, run))
    {
        Id = StableId($"task_instance/{task.DagId}/{task.RunId}/{task.TaskId}"),
        LogicalDate = run.LogicalDate.UtcDateTime,
        RunAfter = run.RunAfter.UtcDateTime,
        Note = task.Note,
    };

    private TaskInstanceHistoryResponse Try(TaskInstance task, DagRun? run) => new()
    {
        TaskId = task.TaskId,
        DagId = task.DagId,
        DagRunId = task.RunId,
        StartDate = task.StartDate.Utc(),
        EndDate = task.EndDate.Utc(),
        Duration = task.Duration?.TotalSeconds,
        State = task.State == TaskInstanceState.None ? null : task.State.ToWireName(),
        TryNumber = task.TryNumber,
        MaxTries = task.MaxTries,
        TaskDisplayName = task.TaskId,
        DagDisplayName = DisplayName(task.DagId),
        Hostname = task.Hostname,
        Pool = task.Pool,
        PoolSlots = task.PoolSlots,
        PriorityWeight = task.PriorityWeight,
        QueuedWhen = task.QueuedAt.Utc(),
        ScheduledWhen = task.ScheduledAt.Utc(),
        Pid = task.Pid,
        DagVersion = run is null ? null : VersionOf(run),
    };

    private DagVersionResponse? VersionOf(DagRun run) => run.DagVersionId is { } id && _versions.TryGetValue(id, out var version) ? version : null;

    private async Task LoadVersionsAsync(IReadOnlyList<DagRun> page, CancellationToken cancellationToken)
    {
        foreach (var dagId in page.Where(run => run.DagVersionId is { } id && !_versions.ContainsKey(id)).Select(run => run.DagId).Distinct(StringComparer.Ordinal).ToArray())
        {
            foreach (var version in await runs.ListVersionsAsync(dagId, cancellationToken))
            {
                Version(version);
            }
        }
    }

    private async Task<Dictionary<(string DagId, string RunId), DagRun>> RunsOfAsync(IReadOnlyList<TaskInstance> tasks, CancellationToken cancellationToken)
    {
        var found = (await runs.FindRunsAsync([.. tasks.Select(task => (task.DagId, task.RunId)).Distinct()], cancellationToken)).ToDictionary(run => (run.DagId, run.RunId));
        await LoadVersionsAsync([.. found.Values], cancellationToken);
        return found;
    }
}
