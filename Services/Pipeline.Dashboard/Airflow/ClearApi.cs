using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Makes task instances run again. As in Airflow, a request that does not say otherwise is a dry run.</summary>
internal static class ClearApi
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost($"{AirflowRoutes.Dag}/clearTaskInstances", ClearTasksAsync).WithName("post_clear_task_instances").WithTags("Task Instance").WithBody<ClearTaskInstancesBody>()
            .RequireRole(ApiRoles.Operator).WithSummary("Clears task instances: of a run, or of all runs in a range of logical dates");
        api.MapPost($"{AirflowRoutes.Run}/clear", ClearRunAsync).WithName("clear_dag_run").WithTags("DagRun").WithBody<DagRunClearBody>()
            .RequireRole(ApiRoles.Operator).WithSummary("Clears the task instances of a run");
    }

    private static async Task<TaskInstanceCollectionResponse> ClearTasksAsync(
        [FromRoute(Name = "dag_id")] string dagId, HttpContext context, DagRuns runs, DagOperations operations, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<ClearTaskInstancesBody>();
        Check(body);
        await DagsApi.FindAsync(runs, dagId, cancellationToken);
        var request = new ClearRequest
        {
            DagId = dagId,
            TaskIds = [.. (body.TaskIds ?? []).Select(TaskIdOf)],
            IncludeUpstream = body.IncludeUpstream,
            IncludeDownstream = body.IncludeDownstream,
            OnlyFailed = body.OnlyFailed,
            OnlyRunning = body.OnlyRunning,
            RunOnLatestVersion = body.RunOnLatestVersion,
            DryRun = body.DryRun,
        };
        request = await WithRunsAsync(request, body, runs, cancellationToken);
        if (body is { PreventRunningTask: true, DryRun: false })
        {
            var meant = await operations.ClearAsync(request with { DryRun = true }, context.Actor(), cancellationToken);
            if (meant.TaskInstances.FirstOrDefault(task => task.State == TaskInstanceState.Running) is { } running)
            {
                throw AirflowProblemException.Conflict($"The task '{running.TaskId}' of the run '{running.RunId}' is running.");
            }
        }

        var cleared = await operations.ClearAsync(request, context.Actor(), cancellationToken);
        return await mapper.TasksAsync(cleared.TaskInstances, cancellationToken);
    }

    private static async Task<Results<Ok<TaskInstanceCollectionResponse>, Ok<DagRunResponse>>> ClearRunAsync(
        [AsParameters] RunPath path, HttpContext context, DagRuns runs, DagOperations operations, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<DagRunClearBody>();
        var request = new ClearRequest { DagId = path.DagId, RunIds = [path.RunId], OnlyFailed = body.OnlyFailed, RunOnLatestVersion = body.RunOnLatestVersion, DryRun = body.DryRun };
        var cleared = await operations.ClearAsync(request, context.Actor(), cancellationToken);
        return body.DryRun
            ? TypedResults.Ok(await mapper.TasksAsync(cleared.TaskInstances, cancellationToken))
            : TypedResults.Ok(await mapper.RunAsync(await DagRunsApi.FindAsync(runs, path.DagId, path.RunId, cancellationToken), cancellationToken));
    }

    private static void Check(ClearTaskInstancesBody body)
    {
        if (!body.ResetDagRuns)
        {
            throw AirflowProblemException.NotSupported("reset_dag_runs = false is not supported: a run whose task instances run again is running.");
        }

        if (body.EndDate < body.StartDate)
        {
            throw AirflowProblemException.Invalid("end_date", "It must not be before start_date.");
        }

        if (body.DagRunId is null && (body.IncludePast || body.IncludeFuture))
        {
            throw AirflowProblemException.Invalid("dag_run_id", "include_past and include_future need the run that they start from.");
        }

        if (body.DagRunId is not null && (body.StartDate is not null || body.EndDate is not null))
        {
            throw AirflowProblemException.Invalid("dag_run_id", "Name a run, or a range of dates, not both.");
        }
    }

    /// <summary>One run; that one and all before or after it; or all whose logical date lies in the range.</summary>
    private static async Task<ClearRequest> WithRunsAsync(ClearRequest request, ClearTaskInstancesBody body, DagRuns runs, CancellationToken cancellationToken)
    {
        if (body.DagRunId is not { } runId)
        {
            return request with { LogicalDate = new TimeRange(body.StartDate ?? DateTimeOffset.UnixEpoch, body.EndDate) };
        }

        var run = await DagRunsApi.FindAsync(runs, request.DagId, runId, cancellationToken);
        return body.IncludePast || body.IncludeFuture
            ? request with
            {
                LogicalDate = new TimeRange(
                    body.IncludePast ? DateTimeOffset.UnixEpoch : run.LogicalDate,
                    body.IncludeFuture ? null : run.LogicalDate),
            }
            : request with { RunIds = [runId] };
    }

    private static string TaskIdOf(JsonElement given) => given switch
    {
        { ValueKind: JsonValueKind.String } => given.GetString()!,
        { ValueKind: JsonValueKind.Array } when given.GetArrayLength() == 2 && given[0].ValueKind == JsonValueKind.String && given[1].ValueKind == JsonValueKind.Number
            => given[1].TryGetInt32(out var index) && index == -1 ? given[0].GetString()! : throw AirflowProblemException.NotSupported("Tasks are not mapped: the only map index is -1."),
        _ => throw AirflowProblemException.Invalid("task_ids", "Each must be a task's id, or a pair of that and -1."),
    };
}
