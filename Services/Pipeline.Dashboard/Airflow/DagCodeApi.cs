using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow;

/// <summary>What DAGs are made of: tasks, versions, structure; and what is wrong with them.</summary>
internal static class DagCodeApi
{
    private static readonly QueryParameters Tasks = new QueryParameters().WithOrderBy("task_id", "name", "trigger_rule", "retries", "pool");
    private static readonly QueryParameters Versions = QueryParameters.Paged.With("version_number", ParameterKind.Integer, "Only this one.").WithOrderBy("id", "version_number").Without("bundle_name", "bundle_version");
    private static readonly QueryParameters Source = new QueryParameters().With("version_number", ParameterKind.Integer, "Default: the latest.");
    private static readonly QueryParameters Errors = QueryParameters.Paged.With("filename_pattern", ParameterKind.Text, "Part of where the DAG is registered.").WithOrderBy("filename", "id", "timestamp", "import_error_id");
    private static readonly QueryParameters Warnings = QueryParameters.Paged.With("dag_id", ParameterKind.Text, "Only of this DAG.").With("warning_type", ParameterKind.Text, "Only of this type.").WithOrderBy("dag_id");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet($"{AirflowRoutes.Dag}/tasks", ListTasksAsync).WithName("get_tasks").WithTags("Task").WithQuery(Tasks).WithSummary("Tasks of a DAG");
        api.MapGet($"{AirflowRoutes.Dag}/tasks/{{task_id}}", GetTaskAsync).WithName("get_task").WithTags("Task").WithSummary("One task");
        api.MapGet($"{AirflowRoutes.Dag}/dagVersions", ListVersionsAsync).WithName("get_dag_versions").WithTags("DagVersion").WithQuery(Versions).WithSummary("Versions of a DAG");
        api.MapGet($"{AirflowRoutes.Dag}/dagVersions/{{version_number:int}}", GetVersionAsync).WithName("get_dag_version").WithTags("DagVersion").WithSummary("One version");
        api.MapGet("/dagSources/{dag_id}", GetSourceAsync).WithName("get_dag_source").WithTags("DagSource").WithQuery(Source)
            .WithSummary("The structure of a DAG as it was kept, in JSON: its code is compiled").Produces<DagSourceResponse>().Produces<string>(StatusCodes.Status200OK, "text/plain");
        api.MapGet("/importErrors", ListErrorsAsync).WithName("get_import_errors").WithTags("Import Error").WithQuery(Errors).WithSummary("DAGs that could not be built, and why");
        api.MapGet("/importErrors/{import_error_id:long}", GetErrorAsync).WithName("get_import_error").WithTags("Import Error").WithSummary("One of them");
        api.MapGet("/dagWarnings", ListWarningsAsync).WithName("list_dag_warnings").WithTags("DagWarning").WithQuery(Warnings).WithSummary("Tasks that wait for a pool that there is not");
    }

    private static async Task<TaskCollectionResponse> ListTasksAsync(
        [FromRoute(Name = "dag_id")] string dagId, HttpContext context, DagRuns runs, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Tasks);
        var order = reader.OrderBy;
        reader.Check();
        var dag = await StructureAsync(runs, dagId, cancellationToken);
        var tasks = dag.Tasks.Select(task => Response(dag, task));
        TaskResponse[] ordered = [.. order.TrimStart('-') switch
        {
            "trigger_rule" => tasks.OrderBy(task => task.TriggerRule, StringComparer.Ordinal),
            "retries" => tasks.OrderBy(task => task.Retries),
            "pool" => tasks.OrderBy(task => task.Pool, StringComparer.Ordinal),
            _ => tasks.OrderBy(task => task.TaskId, StringComparer.Ordinal),
        }];
        if (order.StartsWith('-'))
        {
            Array.Reverse(ordered);
        }

        return new TaskCollectionResponse(ordered, ordered.Length);
    }

    private static async Task<TaskResponse> GetTaskAsync(
        [FromRoute(Name = "dag_id")] string dagId, [FromRoute(Name = "task_id")] string taskId, DagRuns runs, CancellationToken cancellationToken)
    {
        var dag = await StructureAsync(runs, dagId, cancellationToken);
        return Response(dag, dag.FindTask(taskId) ?? throw AirflowProblemException.NotFound($"The DAG '{dagId}' has no task '{taskId}'."));
    }

    private static async Task<DagVersionCollectionResponse> ListVersionsAsync(
        [FromRoute(Name = "dag_id")] string dagId, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Versions);
        var (limit, offset, order, number) = (reader.Limit, reader.Offset, reader.OrderBy, reader.Integer("version_number"));
        reader.Check();
        await DagsApi.FindAsync(runs, dagId, cancellationToken);
        var versions = (await runs.ListVersionsAsync(dagId, cancellationToken)).Where(version => number is null || version.Number == number).ToArray();
        var ordered = order.StartsWith('-') ? versions.Reverse() : versions;
        return new DagVersionCollectionResponse([.. ordered.Skip(offset).Take(limit).Select(mapper.Version)], versions.Length);
    }

    private static async Task<DagVersionResponse> GetVersionAsync(
        [FromRoute(Name = "dag_id")] string dagId, [FromRoute(Name = "version_number")] int number, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
        => mapper.Version(await VersionAsync(runs, dagId, number, cancellationToken));

    private static async Task<Results<Ok<DagSourceResponse>, ContentHttpResult>> GetSourceAsync(
        [FromRoute(Name = "dag_id")] string dagId, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Source);
        var number = reader.Integer("version_number");
        reader.Check();
        var version = await VersionAsync(runs, dagId, number, cancellationToken);
        return context.Request.Headers.Accept.ToString().StartsWith("text/plain", StringComparison.OrdinalIgnoreCase)
            ? TypedResults.Text(version.Structure)
            : TypedResults.Ok(new DagSourceResponse(version.Structure, dagId, version.Number, mapper.DisplayName(dagId)));
    }

    private static async Task<ImportErrorCollectionResponse> ListErrorsAsync(HttpContext context, DagRuns runs, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Errors);
        var (limit, offset, order, pattern) = (reader.Limit, reader.Offset, reader.OrderBy, reader.Text("filename_pattern")?.Trim('%'));
        reader.Check();
        var errors = (await runs.ListImportErrorsAsync(cancellationToken))
            .Where(error => pattern is null || error.Source.Contains(pattern, StringComparison.OrdinalIgnoreCase)).ToArray();
        var ordered = order.StartsWith('-') ? errors.Reverse() : errors;
        return new ImportErrorCollectionResponse([.. ordered.Skip(offset).Take(limit).Select(Response)], errors.Length);
    }

    private static async Task<ImportErrorResponse> GetErrorAsync([FromRoute(Name = "import_error_id")] long id, DagRuns runs, CancellationToken cancellationToken)
        => Response((await runs.ListImportErrorsAsync(cancellationToken)).FirstOrDefault(error => error.Id == id) ?? throw AirflowProblemException.NotFound($"There is no import error {id}."));

    private static async Task<DagWarningCollectionResponse> ListWarningsAsync(
        HttpContext context, DagRuns runs, DagCatalog catalog, TimeProvider clock, CancellationToken cancellationToken)
    {
        const string Type = "non-existent pool";
        var reader = new QueryReader(context.Request, Warnings);
        var (limit, offset, order, dagId, type) = (reader.Limit, reader.Offset, reader.OrderBy, reader.Text("dag_id"), reader.Text("warning_type"));
        reader.Check();
        var pools = (await runs.ListPoolsAsync(cancellationToken)).Select(pool => pool.Name).ToHashSet(StringComparer.Ordinal);
        var warnings = catalog.All.Where(dag => (dagId is null || dag.Id == dagId) && type is null or Type)
            .Select(dag => (Dag: dag, Missing: dag.Tasks.Where(task => !pools.Contains(task.Pool)).ToArray()))
            .Where(found => found.Missing.Length > 0)
            .OrderBy(found => found.Dag.Id, StringComparer.Ordinal)
            .Select(found => new DagWarningResponse(
                found.Dag.Id, Type, string.Join(" ", found.Missing.Select(task => $"The task '{task.Id}' waits for the pool '{task.Pool}', which there is not.")), clock.GetUtcNow().UtcDateTime, found.Dag.DisplayName))
            .ToArray();
        var ordered = order.StartsWith('-') ? warnings.Reverse() : warnings;
        return new DagWarningCollectionResponse([.. ordered.Skip(offset).Take(limit)], warnings.Length);
    }

    private static async Task<Dag> StructureAsync(DagRuns runs, string dagId, CancellationToken cancellationToken)
        => await runs.FindStructureAsync(dagId, null, cancellationToken) ?? throw AirflowProblemException.NotFound($"There is no DAG '{dagId}'.");

    private static async Task<DagVersion> VersionAsync(DagRuns runs, string dagId, int? number, CancellationToken cancellationToken)
    {
        await DagsApi.FindAsync(runs, dagId, cancellationToken);
        return (await runs.ListVersionsAsync(dagId, cancellationToken)).LastOrDefault(version => number is null || version.Number == number)
            ?? throw AirflowProblemException.NotFound(number is null ? $"No version of the DAG '{dagId}' is kept yet." : $"The DAG '{dagId}' has no version {number}.");
    }

    private static ImportErrorResponse Response(ImportError error) => new(error.Id, error.Timestamp.UtcDateTime, error.Source, null, error.Message);

    private static TaskResponse Response(Dag dag, DagTask task) => new()
    {
        TaskId = task.Id,
        TaskDisplayName = task.Id,
        Owner = task.Owner,
        TriggerRule = task.TriggerRule.ToWireName(),
        Retries = task.Retries,
        Queue = "default",
        Pool = task.Pool,
        PoolSlots = task.PoolSlots,
        ExecutionTimeout = TimeDelta.From(task.Timeout),
        RetryDelay = TimeDelta.From(task.RetryDelay.First),
        RetryExponentialBackoff = 2,
        PriorityWeight = task.PriorityWeight,
        WeightRule = task.WeightRule.ToWireName(),
        DownstreamTaskIds = dag.Downstream(task.Id),
        OperatorName = "DagTask",
    };
}
