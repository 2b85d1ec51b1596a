using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Task instances and their tries: list, look, mark, note.</summary>
internal static class TaskInstancesApi
{
    private static readonly QueryParameters Listing = QueryParameters.Paged
        .With("task_id", ParameterKind.Text, "Only this task's.")
        .With("state", ParameterKind.Texts, "Any of these states; no_status for what is not scheduled yet.")
        .With("pool", ParameterKind.Texts, "In any of these pools.")
        .WithRange("run_after").WithRange("logical_date").WithRange("start_date").WithRange("end_date")
        .WithOrderBy("map_index", "id", "task_id", "state", "duration", "start_date", "end_date", "try_number", "logical_date", "run_after")
        .With("task_display_name_pattern", ParameterKind.Text, "Part of the task's id, which is its name too; % stands for anything.")
        .With("dag_id_pattern", ParameterKind.Text, "Part of the DAG's id.")
        .With("run_id_pattern", ParameterKind.Text, "Part of the run's id.")
        .With("pool_name_pattern", ParameterKind.Text, "Part of the pool's name.")
        .With("try_number", ParameterKind.Integers, "With any of these numbers of tries.")
        .With("version_number", ParameterKind.Integers, "Of runs that have any of these versions of their DAG.")
        .With("map_index", ParameterKind.Texts, "Tasks are not mapped: -1 finds all.")
        .WithDurations("duration")
        .Without("task_group_id", "queue", "queue_name_pattern", "executor", "operator", "operator_name_pattern")
        .WithoutRange("updated_at");

    public static void Map(IEndpointRouteBuilder api)
    {
        const string List = $"{AirflowRoutes.Run}/taskInstances";
        api.MapGet(List, ListAsync).WithName("get_task_instances").WithTags("Task Instance").WithQuery(Listing)
            .WithSummary($"Task instances of a run; {AirflowRoutes.Any} in place of the DAG or the run for all");
        api.MapPost($"{List}/list", ListBatchAsync).WithName("get_task_instances_batch").WithTags("Task Instance").WithBody<TaskInstancesBatchBody>().RequireRole(ApiRoles.Viewer)
            .WithSummary("Task instances; the query is the body");
        api.MapPatch(List, BulkAsync).WithName("bulk_task_instances").WithTags("Task Instance").WithBody<BulkBody>().RequireRole(ApiRoles.Operator)
            .WithSummary($"Says how many task instances ended, or sets their notes; {AirflowRoutes.Any} in place of the DAG or the run when the entities name them");
        foreach (var (path, suffix) in new[] { (AirflowRoutes.Task, ""), (AirflowRoutes.MappedTask, "_by_map_index") })
        {
            var mapped = suffix.Length > 0;
            api.MapGet(path, GetAsync).WithName(mapped ? "get_mapped_task_instance" : "get_task_instance").WithTags("Task Instance").WithSummary("One task instance");
            api.MapPatch(path, PatchAsync).WithName($"patch_task_instance{suffix}").WithTags("Task Instance").WithBody<PatchTaskInstanceBody>().RequireRole(ApiRoles.Operator)
                .WithSummary("Says how a task instance ended, or sets its note");
            api.MapPatch($"{path}/dry_run", PatchDryRunAsync).WithName($"patch_task_instance_dry_run{suffix}").WithTags("Task Instance").WithBody<PatchTaskInstanceBody>().RequireRole(ApiRoles.Operator)
                .WithSummary("The task instances that the same request without dry_run would mark");
            api.MapGet($"{path}/tries", ListTriesAsync).WithName(mapped ? "get_mapped_task_instance_tries" : "get_task_instance_tries").WithTags("Task Instance").WithSummary("All tries, first to last");
            api.MapGet($"{path}/tries/{{task_try_number:int}}", GetTryAsync).WithName(mapped ? "get_mapped_task_instance_try_details" : "get_task_instance_try_details").WithTags("Task Instance")
                .WithSummary("One try");
        }
    }

    /// <exception cref="AirflowProblemException">There is no such task instance.</exception>
    public static async Task<TaskInstance> FindAsync(DagRuns runs, TaskPath path, CancellationToken cancellationToken)
        => await runs.FindTaskInstanceAsync(path.DagId, path.RunId, path.TaskId, cancellationToken)
            ?? throw AirflowProblemException.NotFound($"The run '{path.RunId}' of the DAG '{path.DagId}' has no task '{path.TaskId}'.");

    private static async Task<TaskInstanceCollectionResponse> ListAsync([AsParameters] RunPath path, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Listing);
        var query = new TaskInstanceQuery
        {
            DagId = AirflowRoutes.OrAny(path.DagId),
            RunId = AirflowRoutes.OrAny(path.RunId),
            TaskId = reader.Text("task_id"),
            States = States(reader.Texts("state"), "state", out var findsNothing),
            Pools = reader.Texts("pool") ?? [],
            TaskIdPattern = reader.Text("task_display_name_pattern"),
            DagIdPattern = reader.Text("dag_id_pattern"),
            RunIdPattern = reader.Text("run_id_pattern"),
            PoolPattern = reader.Text("pool_name_pattern"),
            TryNumbers = reader.Integers("try_number"),
            VersionNumbers = reader.Integers("version_number"),
            Duration = reader.Durations("duration"),
            RunAfter = reader.Range("run_after"),
            LogicalDate = reader.Range("logical_date"),
            StartDate = reader.Range("start_date"),
            EndDate = reader.Range("end_date"),
            OrderBy = Order(reader.OrderByAll),
            Limit = reader.Limit,
            Offset = reader.Offset,
        };
        reader.Check();
        if (query.DagId is not null && query.RunId is not null)
        {
            await DagRunsApi.FindAsync(runs, path.DagId, path.RunId, cancellationToken);
        }

        findsNothing |= reader.Texts("map_index") is { Count: > 0 } indexes && !indexes.Contains("-1");
        return findsNothing ? new TaskInstanceCollectionResponse([], 0) : await mapper.TasksAsync(await runs.ListTaskInstancesAsync(query, cancellationToken), cancellationToken);
    }

    private static async Task<TaskInstanceCollectionResponse> ListBatchAsync(
        [AsParameters] RunPath path, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<TaskInstancesBatchBody>();
        if (body.Queue is { Count: > 0 } || body.Executor is { Count: > 0 })
        {
            throw AirflowProblemException.NotSupported("There are no queues and executors to choose from: every scheduler instance runs every task.");
        }

        var reader = new BatchReader(body);
        var query = new TaskInstanceQuery
        {
            DagId = AirflowRoutes.OrAny(path.DagId),
            RunId = AirflowRoutes.OrAny(path.RunId),
            DagIds = body.DagIds ?? [],
            RunIds = body.DagRunIds ?? [],
            TaskIds = body.TaskIds ?? [],
            Duration = reader.Duration,
            States = States(body.State?.Select(state => state ?? "null"), "state", out var findsNothing),
            Pools = body.Pool ?? [],
            RunAfter = reader.RunAfter,
            LogicalDate = reader.LogicalDate,
            StartDate = reader.StartDate,
            EndDate = reader.EndDate,
            OrderBy = Order(reader.OrderBy(Listing)),
            Limit = reader.Limit,
            Offset = reader.Offset,
        };
        return findsNothing ? new TaskInstanceCollectionResponse([], 0) : await mapper.TasksAsync(await runs.ListTaskInstancesAsync(query, cancellationToken), cancellationToken);
    }

    private static async Task<TaskInstanceResponse> GetAsync([AsParameters] TaskPath path, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        CheckMapIndex(context);
        return await mapper.TaskAsync(await FindAsync(runs, path, cancellationToken), cancellationToken);
    }

    private static async Task<TaskInstanceCollectionResponse> PatchAsync(
        [AsParameters] TaskPath path, HttpContext context, DagRuns runs, DagOperations operations, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        CheckMapIndex(context);
        var body = await ReadAsync(context);
        var mask = UpdateMask.Of(context.Request, body.NewState is not null ? "new_state" : null, body.Note is not null ? "note" : null);
        var marked = await ChangeAsync(path, body, mask, context, runs, operations, cancellationToken);

        // As they are now, in the order they were marked in.
        var now = new List<TaskInstance>();
        foreach (var task in marked.Count > 0 ? marked.Select(task => new TaskPath(task.DagId, task.RunId, task.TaskId)) : [path])
        {
            now.Add(await FindAsync(runs, task, cancellationToken));
        }

        return await mapper.TasksAsync(now, cancellationToken);
    }

    /// <summary>Does what a body says; returns the task instances that it marked.</summary>
    private static async Task<IReadOnlyList<TaskInstance>> ChangeAsync(
        TaskPath path, PatchTaskInstanceBody body, IReadOnlySet<string> mask, HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        await FindAsync(runs, path, cancellationToken);
        var marked = mask.Contains("new_state") ? await operations.MarkTasksAsync(Marking(path, body, dryRun: false), context.Actor(), cancellationToken) : [];
        if (mask.Contains("note"))
        {
            await operations.SetTaskNoteAsync(path.DagId, path.RunId, path.TaskId, body.Note, context.Actor(), cancellationToken);
        }

        return marked;
    }

    private static async Task<BulkResponse> BulkAsync([AsParameters] RunPath path, HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<BulkBody>();
        return await Bulk.ApplyAsync(body, async (action, entity) =>
        {
            if (action.Action != "update")
            {
                throw AirflowProblemException.NotSupported($"The action {action.Action} is not supported: a task instance is part of its run. Trigger or delete the run, or clear the task.");
            }

            var patch = BodyReader.Read<BulkTaskInstanceBody>(entity);
            CheckNote(patch);
            if (patch.MapIndex != -1)
            {
                throw NoMapIndex($"{patch.MapIndex}");
            }

            var task = new TaskPath(Named(path.DagId, patch.DagId, "dag_id"), Named(path.RunId, patch.DagRunId, "dag_run_id"), patch.TaskId);
            var mask = action.UpdateMask is { Count: > 0 } asked ? asked.ToHashSet(StringComparer.Ordinal) : UpdateMask.Of(context.Request, patch.NewState is not null ? "new_state" : null, patch.Note is not null ? "note" : null);
            if (action.ActionOnNonExistence != "skip" || await runs.FindTaskInstanceAsync(task.DagId, task.RunId, task.TaskId, cancellationToken) is not null)
            {
                await ChangeAsync(task, patch, mask, context, runs, operations, cancellationToken);
            }

            return $"{task.DagId}.{task.RunId}.{task.TaskId}[-1]";
        });

        static string Named(string inPath, string? inEntity, string field) => (AirflowRoutes.OrAny(inPath), inEntity) switch
        {
            (null, null) => throw AirflowProblemException.Invalid(field, "It is required, because the path names none."),
            (null, { } named) => named,
            ({ } named, null) => named,
            var (named, other) when named == other => named,
            _ => throw AirflowProblemException.Invalid(field, $"'{inEntity}' is not the one of the path, '{inPath}'."),
        };
    }

    private static async Task<TaskInstanceCollectionResponse> PatchDryRunAsync(
        [AsParameters] TaskPath path, HttpContext context, DagRuns runs, DagOperations operations, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        CheckMapIndex(context);
        var body = await ReadAsync(context);
        await FindAsync(runs, path, cancellationToken);
        return await mapper.TasksAsync(await operations.MarkTasksAsync(Marking(path, body, dryRun: true), context.Actor(), cancellationToken), cancellationToken);
    }

    private static async Task<TaskInstanceHistoryCollectionResponse> ListTriesAsync(
        [AsParameters] TaskPath path, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        CheckMapIndex(context);
        await FindAsync(runs, path, cancellationToken);
        var tries = await mapper.TriesAsync(await runs.ListTriesAsync(path.DagId, path.RunId, path.TaskId, cancellationToken), cancellationToken);
        return new TaskInstanceHistoryCollectionResponse(tries, tries.Count);
    }

    private static async Task<TaskInstanceHistoryResponse> GetTryAsync(
        [AsParameters] TaskPath path, [FromRoute(Name = "task_try_number")] int number, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        CheckMapIndex(context);
        await FindAsync(runs, path, cancellationToken);
        var one = (await runs.ListTriesAsync(path.DagId, path.RunId, path.TaskId, cancellationToken)).FirstOrDefault(task => task.TryNumber == number)
            ?? throw AirflowProblemException.NotFound($"The task '{path.TaskId}' of the run '{path.RunId}' has no try {number}.");
        return (await mapper.TriesAsync([one], cancellationToken))[0];
    }

    /// <summary>Tasks are not mapped, so that there is one index.</summary>
    public static void CheckMapIndex(HttpContext context)
    {
        var given = context.GetRouteValue("map_index")?.ToString() ?? context.Request.Query["map_index"].ToString();
        if (given is not ("" or "-1"))
        {
            throw NoMapIndex(given);
        }
    }

    private static AirflowProblemException NoMapIndex(string given) => AirflowProblemException.NotFound($"There is no map index {given}: tasks are not mapped, their index is -1.");

    private static async Task<PatchTaskInstanceBody> ReadAsync(HttpContext context)
    {
        var body = await context.ReadBodyAsync<PatchTaskInstanceBody>();
        CheckNote(body);
        return body;
    }

    private static void CheckNote(PatchTaskInstanceBody body)
    {
        if (body.Note is { Length: > 1000 })
        {
            throw AirflowProblemException.Invalid("note", "It is longer than 1000 characters.");
        }
    }

    private static MarkTasksRequest Marking(TaskPath path, PatchTaskInstanceBody body, bool dryRun) => new()
    {
        DagId = path.DagId,
        RunId = path.RunId,
        TaskIds = [path.TaskId],
        State = Names.TaskState(body.NewState ?? "") is { } state and (TaskInstanceState.Success or TaskInstanceState.Failed or TaskInstanceState.Skipped)
            ? state
            : throw AirflowProblemException.Invalid("new_state", $"'{body.NewState}' must be success, failed or skipped."),
        IncludeUpstream = body.IncludeUpstream,
        IncludeDownstream = body.IncludeDownstream,
        IncludePast = body.IncludePast,
        IncludeFuture = body.IncludeFuture,
        DryRun = dryRun,
    };

    private static IReadOnlyList<TaskInstanceState> States(IEnumerable<string>? names, string field, out bool findsNothing)
    {
        var all = names?.ToArray() ?? [];
        var ours = all.Where(name => !Names.IsForeignTaskState(name)).ToArray();
        findsNothing = all.Length > 0 && ours.Length == 0;
        return [.. ours.Select(name => Names.TaskState(name) ?? throw AirflowProblemException.Invalid(field, $"'{name}' is not a state of a task instance."))];
    }

    /// <summary>The map index is the same for all, so that it leaves the order to the ids.</summary>
    private static string Order(string asked) => asked.Replace("map_index", "id", StringComparison.Ordinal);
}
