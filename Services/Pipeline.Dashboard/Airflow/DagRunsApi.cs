using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Dashboard.Api;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Runs of DAGs: list, trigger, mark, note, wait, delete. Clearing is <see cref="ClearApi"/>.</summary>
internal static partial class DagRunsApi
{
    private static readonly QueryParameters Listing = QueryParameters.Paged
        .With("state", ParameterKind.Texts, "Any of these states: queued, running, success, failed.")
        .With("run_type", ParameterKind.Texts, "Any of these types: scheduled, manual, backfill, asset_triggered.")
        .With("run_id_pattern", ParameterKind.Text, "Part of the id; % stands for anything.")
        .WithRange("run_after").WithRange("logical_date").WithRange("start_date").WithRange("end_date")
        .With("dag_id_pattern", ParameterKind.Text, "Part of the DAG's id; % stands for anything.")
        .With("triggering_user_name_pattern", ParameterKind.Text, "Part of the name of who triggered it; % stands for anything.")
        .With("conf_contains", ParameterKind.Text, "Part of the conf's JSON text.")
        .With("dag_version", ParameterKind.Integers, "With any of these versions of the DAG.")
        .WithDurations("duration")
        .WithOrderBy("id", "dag_id", "run_id", "dag_run_id", "run_type", "state", "logical_date", "run_after", "start_date", "end_date", "duration")
        .Without("bundle_version", "partition_key_pattern")
        .WithoutRange("updated_at");

    private static readonly QueryParameters Waiting = new QueryParameters()
        .With("interval", ParameterKind.Text, "Seconds between two looks, more than 0.")
        .With("result", ParameterKind.Texts, "Tasks whose return_value is wanted when the run has ended.");

    public static void Map(IEndpointRouteBuilder api)
    {
        const string List = $"{AirflowRoutes.Dag}/dagRuns";
        api.MapGet(List, ListAsync).WithName("get_dag_runs").WithTags("DagRun").WithQuery(Listing).WithSummary($"Runs of a DAG, or of all: {AirflowRoutes.Any}");
        api.MapPost($"{List}/list", ListBatchAsync).WithName("get_list_dag_runs_batch").WithTags("DagRun").WithBody<DagRunsBatchBody>().RequireRole(ApiRoles.Viewer)
            .WithSummary("Runs of several DAGs; the query is the body");
        api.MapPost(List, TriggerAsync).WithName("trigger_dag_run").WithTags("DagRun").WithBody<TriggerDagRunBody>().RequireRole(ApiRoles.Operator).WithSummary("Triggers a run");
        api.MapGet(AirflowRoutes.Run, GetAsync).WithName("get_dag_run").WithTags("DagRun").WithSummary("One run");
        api.MapPatch(AirflowRoutes.Run, PatchAsync).WithName("patch_dag_run").WithTags("DagRun").WithBody<DagRunPatchBody>().RequireRole(ApiRoles.Operator)
            .WithSummary("Says how a run ended, queues it again, or sets its note");
        api.MapDelete(AirflowRoutes.Run, DeleteAsync).WithName("delete_dag_run").WithTags("DagRun").RequireRole(ApiRoles.Admin).WithSummary("Deletes a run with everything that belongs to it");
        api.MapGet($"{AirflowRoutes.Run}/wait", WaitAsync).WithName("wait_dag_run_until_finished").WithTags("DagRun").WithQuery(Waiting)
            .Produces(StatusCodes.Status200OK, contentType: "application/x-ndjson").WithSummary("Tells the state of a run, line by line, until it has ended");
    }

    /// <exception cref="AirflowProblemException">There is no such run.</exception>
    public static async Task<DagRun> FindAsync(DagRuns runs, string dagId, string runId, CancellationToken cancellationToken)
        => await runs.FindRunAsync(dagId, runId, cancellationToken) ?? throw AirflowProblemException.NotFound($"The DAG '{dagId}' has no run '{runId}'.");

    private static async Task<DagRunCollectionResponse> ListAsync(
        [FromRoute(Name = "dag_id")] string dagId, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Listing);
        var query = new DagRunQuery
        {
            DagId = AirflowRoutes.OrAny(dagId),
            States = reader.Known<DagRunState>("state", Names.RunState, "a state of a run") ?? [],
            Types = reader.Known<DagRunType>("run_type", Names.RunType, "a type of run") ?? [],
            RunIdPattern = reader.Text("run_id_pattern"),
            DagIdPattern = reader.Text("dag_id_pattern"),
            TriggeringUserPattern = reader.Text("triggering_user_name_pattern"),
            ConfContains = reader.Text("conf_contains"),
            VersionNumbers = reader.Integers("dag_version"),
            Duration = reader.Durations("duration"),
            RunAfter = reader.Range("run_after"),
            LogicalDate = reader.Range("logical_date"),
            StartDate = reader.Range("start_date"),
            EndDate = reader.Range("end_date"),
            OrderBy = reader.OrderByAll.Replace("dag_run_id", "run_id", StringComparison.Ordinal),
            Limit = reader.Limit,
            Offset = reader.Offset,
        };
        reader.Check();
        if (query.DagId is not null)
        {
            await DagsApi.FindAsync(runs, dagId, cancellationToken);
        }

        var page = await runs.ListRunsAsync(query, cancellationToken);
        return new DagRunCollectionResponse(await mapper.RunsAsync(page.Items, cancellationToken), page.Total);
    }

    private static async Task<DagRunCollectionResponse> ListBatchAsync(
        [FromRoute(Name = "dag_id")] string dagId, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<DagRunsBatchBody>();
        var reader = new BatchReader(body);
        var query = new DagRunQuery
        {
            DagId = AirflowRoutes.OrAny(dagId),
            DagIds = body.DagIds ?? [],
            ConfContains = body.ConfContains,
            Duration = reader.Duration,
            States = [.. (body.States ?? []).Where(state => state is not null).Select(state => Names.RunState(state!) ?? throw AirflowProblemException.Invalid("states", $"'{state}' is not a state of a run."))],
            RunAfter = reader.RunAfter,
            LogicalDate = reader.LogicalDate,
            StartDate = reader.StartDate,
            EndDate = reader.EndDate,
            OrderBy = reader.OrderBy(Listing).Replace("dag_run_id", "run_id", StringComparison.Ordinal),
            Limit = reader.Limit,
            Offset = reader.Offset,
        };
        var page = await runs.ListRunsAsync(query, cancellationToken);
        return new DagRunCollectionResponse(await mapper.RunsAsync(page.Items, cancellationToken), page.Total);
    }

    private static async Task<DagRunResponse> TriggerAsync(
        [FromRoute(Name = "dag_id")] string dagId, HttpContext context, DagOperations operations, AirflowMapper mapper, TimeProvider clock, CancellationToken cancellationToken)
        => await TriggerWithAsync(dagId, await context.ReadBodyAsync<TriggerDagRunBody>(), context, operations, mapper, clock, cancellationToken);

    /// <summary>Triggers what the body says.</summary>
    public static async Task<DagRunResponse> TriggerWithAsync(
        string dagId, TriggerDagRunBody body, HttpContext context, DagOperations operations, AirflowMapper mapper, TimeProvider clock, CancellationToken cancellationToken)
    {
        var errors = new List<FieldError>();
        if ((body.DataIntervalStart is null) != (body.DataIntervalEnd is null))
        {
            errors.Add(new FieldError("data_interval_start", "data_interval_start and data_interval_end come together, or not at all."));
        }
        else if (body.DataIntervalEnd < body.DataIntervalStart)
        {
            errors.Add(new FieldError("data_interval_end", "It must not be before data_interval_start."));
        }

        if (body.DagRunId is { } runId && !RunIdPattern().IsMatch(runId))
        {
            errors.Add(new FieldError("dag_run_id", $"It must be 1 to {RunId.MaxLength} letters, digits or any of _ - . ~ : +"));
        }

        if (body.Note is { Length: > 1000 })
        {
            errors.Add(new FieldError("note", "It is longer than 1000 characters."));
        }

        if (errors.Count > 0)
        {
            throw AirflowProblemException.Invalid(errors);
        }

        if (body.PartitionKey is not null)
        {
            throw AirflowProblemException.NotSupported("partition_key is not supported: runs are told apart by their data intervals.");
        }

        if (body.RunAfter > clock.GetUtcNow())
        {
            throw AirflowProblemException.NotSupported("run_after in the future is not supported: a triggered run is due at once.");
        }

        var request = new TriggerRequest
        {
            RunId = body.DagRunId,
            LogicalDate = body.LogicalDate,
            DataInterval = body.DataIntervalStart is { } start ? new DataInterval(start, body.DataIntervalEnd!.Value) : null,
            Conf = body.Conf?.ToJsonString(),
            Note = body.Note,
        };
        return await mapper.RunAsync(await operations.TriggerAsync(dagId, request, context.Actor(), cancellationToken), cancellationToken);
    }

    private static async Task<DagRunResponse> GetAsync([AsParameters] RunPath path, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
        => await mapper.RunAsync(await FindAsync(runs, path.DagId, path.RunId, cancellationToken), cancellationToken);

    private static async Task<DagRunResponse> PatchAsync(
        [AsParameters] RunPath path, HttpContext context, DagRuns runs, DagOperations operations, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<DagRunPatchBody>();
        if (body.Note is { Length: > 1000 })
        {
            throw AirflowProblemException.Invalid("note", "It is longer than 1000 characters.");
        }

        var mask = UpdateMask.Of(context.Request, body.State is not null ? "state" : null, body.Note is not null ? "note" : null);
        await FindAsync(runs, path.DagId, path.RunId, cancellationToken);
        if (mask.Contains("state"))
        {
            var state = Names.RunState(body.State ?? "");
            if (state is null or DagRunState.Running)
            {
                throw AirflowProblemException.Invalid("state", $"'{body.State}' must be queued, success or failed.");
            }

            await operations.MarkRunAsync(path.DagId, path.RunId, state.Value, context.Actor(), cancellationToken);
        }

        if (mask.Contains("note"))
        {
            await operations.SetRunNoteAsync(path.DagId, path.RunId, body.Note, context.Actor(), cancellationToken);
        }

        return await mapper.RunAsync(await FindAsync(runs, path.DagId, path.RunId, cancellationToken), cancellationToken);
    }

    private static async Task<NoContent> DeleteAsync([AsParameters] RunPath path, HttpContext context, DagOperations operations, CancellationToken cancellationToken)
    {
        await operations.DeleteRunAsync(path.DagId, path.RunId, context.Actor(), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task WaitAsync([AsParameters] RunPath path, HttpContext context, DagRuns runs, TimeProvider clock, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Waiting);
        reader.Require("interval");
        reader.Check();
        if (!double.TryParse(reader.Text("interval"), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) || seconds is not (> 0 and <= 3600))
        {
            throw AirflowProblemException.Invalid("interval", "It must be a number of seconds, more than 0 and at most 3600.");
        }

        var results = reader.Texts("result") ?? [];
        var run = await FindAsync(runs, path.DagId, path.RunId, cancellationToken);
        context.Response.ContentType = "application/x-ndjson";
        while (true)
        {
            var line = new Dictionary<string, object?> { ["state"] = run.State.ToWireName() };
            if (run.State.IsFinished() && results.Count > 0)
            {
                var all = await runs.ListResultsAsync(path.DagId, path.RunId, cancellationToken);
                line["results"] = all.Where(r => r.Key == "return_value" && results.Contains(r.TaskId)).ToDictionary(r => r.TaskId, r => JsonElement.Parse(r.Value));
            }

            await context.Response.WriteAsync(JsonSerializer.Serialize(line) + "\n", cancellationToken);
            await context.Response.Body.FlushAsync(cancellationToken);
            if (run.State.IsFinished())
            {
                return;
            }

            await Task.Delay(TimeSpan.FromSeconds(seconds), clock, cancellationToken);
            run = await FindAsync(runs, path.DagId, path.RunId, cancellationToken);
        }
    }

    // Airflow's own pattern for ids that are given from outside.
    [GeneratedRegex(@"\A[A-Za-z0-9_.~:+-]{1,250}\z", RegexOptions.CultureInvariant)]
    private static partial Regex RunIdPattern();
}
