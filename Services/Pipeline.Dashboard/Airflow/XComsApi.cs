using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Small results of tasks, to be read: only a task writes its own.</summary>
internal static class XComsApi
{
    private static readonly QueryParameters Listing = QueryParameters.Paged
        .With("xcom_key", ParameterKind.Text, "Only results with this key.")
        .With("map_index", ParameterKind.Text, "-1, as tasks are not mapped.")
        .Without("xcom_key_pattern", "dag_display_name_pattern", "run_id_pattern", "task_id_pattern", "map_index_filter")
        .WithoutRange("logical_date", "run_after");

    private static readonly QueryParameters Getting = new QueryParameters()
        .With("stringify", ParameterKind.Boolean, "The value as a text of JSON instead of as JSON.")
        .With("map_index", ParameterKind.Text, "-1, as tasks are not mapped.");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet($"{AirflowRoutes.Task}/xcomEntries", ListAsync).WithName("get_xcom_entries").WithTags("XCom").WithQuery(Listing)
            .WithSummary($"Results of a task without their values; {AirflowRoutes.Any} in place of the task for all of the run");
        api.MapGet($"{AirflowRoutes.Task}/xcomEntries/{{xcom_key}}", GetAsync).WithName("get_xcom_entry").WithTags("XCom").WithQuery(Getting).WithSummary("A result with its value");
    }

    private static async Task<XComCollectionResponse> ListAsync([AsParameters] TaskPath path, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        TaskInstancesApi.CheckMapIndex(context);
        var reader = new QueryReader(context.Request, Listing);
        var (limit, offset, key) = (reader.Limit, reader.Offset, reader.Text("xcom_key"));
        reader.Check();
        if (path.DagId == AirflowRoutes.Any || path.RunId == AirflowRoutes.Any)
        {
            throw AirflowProblemException.NotSupported("Results are listed for one run; name its DAG and the run.");
        }

        var run = await DagRunsApi.FindAsync(runs, path.DagId, path.RunId, cancellationToken);
        var entries = (await runs.ListResultsAsync(path.DagId, path.RunId, cancellationToken))
            .Where(result => (path.TaskId == AirflowRoutes.Any || result.TaskId == path.TaskId) && (key is null || result.Key == key))
            .ToArray();
        return new XComCollectionResponse([.. entries.Skip(offset).Take(limit).Select(result => Entry(result, run, mapper))], entries.Length);
    }

    private static async Task<XComValueResponse> GetAsync(
        [AsParameters] TaskPath path, [FromRoute(Name = "xcom_key")] string key, HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        TaskInstancesApi.CheckMapIndex(context);
        var reader = new QueryReader(context.Request, Getting);
        var asText = reader.Boolean("stringify") == true;
        reader.Check();
        var run = await DagRunsApi.FindAsync(runs, path.DagId, path.RunId, cancellationToken);
        var result = await runs.FindResultAsync(path.DagId, path.RunId, path.TaskId, key, cancellationToken)
            ?? throw AirflowProblemException.NotFound($"The task '{path.TaskId}' of the run '{path.RunId}' has no result '{key}'.");
        return new XComValueResponse(Entry(result, run, mapper)) { Value = asText ? result.Value : AirflowMapper.Json(result.Value) };
    }

    private static XComResponse Entry(XCom result, DagRun run, AirflowMapper mapper) => new()
    {
        Key = result.Key,
        Timestamp = result.Timestamp.UtcDateTime,
        LogicalDate = run.LogicalDate.UtcDateTime,
        TaskId = result.TaskId,
        DagId = result.DagId,
        RunId = result.RunId,
        DagDisplayName = mapper.DisplayName(result.DagId),
        TaskDisplayName = result.TaskId,
        RunAfter = run.RunAfter.UtcDateTime,
    };
}
