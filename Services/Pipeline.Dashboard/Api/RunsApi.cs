using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Api;

internal static class RunsApi
{
    public static void MapRuns(this IEndpointRouteBuilder api) => api.MapGet("/runs", List)
        .WithName("ListRuns")
        .WithTags("Runs")
        .WithSummary("Runs of the DAGs, latest first")
        .WithDescription("Each run with its data interval and its task instances; states are Airflow's words.");

    private static async Task<Results<Ok<ItemPage<RunItem>>, ValidationProblem>> List([AsParameters] RunParameters parameters, DagRuns runs, CancellationToken cancellationToken)
    {
        var reader = new ParameterReader();
        var limit = reader.Limit(parameters.Limit);
        var before = reader.Time("cursor", parameters.Cursor);
        if (reader.HasErrors(out var problem))
        {
            return problem;
        }

        var dag = parameters.DagId.OrNull();
        var query = new DagRunQuery
        {
            DagId = dag,
            Limit = limit,
            LogicalDate = new TimeRange(null, before is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time - 1) : null),
            WithTotal = false,
        };
        RunItem[] items = [.. (await runs.ListGridAsync(query, cancellationToken)).Select(row => ToItem(row.Run, row.Tasks))];
        return TypedResults.Ok(new ItemPage<RunItem>(items, items.Length == limit ? $"{items[^1].LogicalDate:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}" : null));
    }

    private static RunItem ToItem(DagRun run, IReadOnlyList<TaskInstance> tasks) => new(
        run.DagId,
        run.RunId,
        run.Type.ToWireName(),
        run.State.ToWireName(),
        run.LogicalDate.UtcDateTime,
        run.DataInterval.Start.UtcDateTime,
        run.DataInterval.End.UtcDateTime,
        run.StartDate?.UtcDateTime,
        run.EndDate?.UtcDateTime,
        (run.EndDate - run.StartDate)?.TotalSeconds,
        [.. tasks.Select(ToItem)]);

    private static TaskItem ToItem(TaskInstance task) => new(
        task.TaskId,
        task.State.ToWireName(),
        task.TryNumber,
        task.StartDate?.UtcDateTime,
        task.EndDate?.UtcDateTime,
        task.Duration?.TotalSeconds,
        task.Error);
}
