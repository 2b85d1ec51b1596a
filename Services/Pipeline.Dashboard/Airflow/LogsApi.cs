using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow;

/// <summary>
/// What a try logged, in the form that the caller accepts: JSON with a token to go on with, NDJSON that goes on until the try has
/// ended, or plain text.
/// </summary>
internal static class LogsApi
{
    private const string Ndjson = "application/x-ndjson";
    private const string PlainText = "text/plain";
    private const int LinesPerPage = 1000;

    private static readonly QueryParameters Reading = new QueryParameters()
        .With("full_content", ParameterKind.Boolean, "All lines in one answer instead of a page of them.")
        .With("token", ParameterKind.Text, "The continuation_token of the answer before.")
        .With("map_index", ParameterKind.Text, "-1, as tasks are not mapped.");

    public static void Map(IEndpointRouteBuilder api) => api.MapGet($"{AirflowRoutes.Task}/logs/{{try_number:int}}", GetAsync)
        .WithName("get_log")
        .WithTags("Task Instance")
        .WithQuery(Reading)
        .WithSummary("What a try logged")
        .WithDescription($"Accept {Ndjson} streams the lines as they are logged until the try has ended; {PlainText} gives them as text.")
        .Produces<TaskInstancesLogResponse>()
        .Produces<string>(StatusCodes.Status200OK, Ndjson)
        .Produces<string>(StatusCodes.Status200OK, PlainText);

    private static async Task<IResult> GetAsync(
        [AsParameters] TaskPath path,
        [FromRoute(Name = "try_number")] int number,
        HttpContext context,
        DagRuns runs,
        IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json,
        CancellationToken cancellationToken)
    {
        TaskInstancesApi.CheckMapIndex(context);
        var reader = new QueryReader(context.Request, Reading);
        var (isFull, token) = (reader.Boolean("full_content") == true, reader.Text("token"));
        reader.Check();
        var task = await TaskInstancesApi.FindAsync(runs, path, cancellationToken);
        if (number < 1 || number > task.TryNumber)
        {
            throw AirflowProblemException.NotFound($"The task '{path.TaskId}' of the run '{path.RunId}' has no try {number}; it has had {task.TryNumber}.");
        }

        switch (Preferred(context.Request))
        {
            case Ndjson:
                await WriteLinesAsync(context, Ndjson, runs.FollowLogAsync(path.DagId, path.RunId, path.TaskId, number, cancellationToken),
                    line => JsonSerializer.Serialize(Message(line), json.Value.SerializerOptions), cancellationToken);
                return Results.Empty;
            case PlainText:
                await WriteLinesAsync(context, $"{PlainText}; charset=utf-8", AllAsync(runs, path, number, cancellationToken), Text, cancellationToken);
                return Results.Empty;
            default:
                return TypedResults.Ok(await PageAsync(runs, path, task, number, isFull, After(token), cancellationToken));
        }
    }

    private static async Task<TaskInstancesLogResponse> PageAsync(
        DagRuns runs, TaskPath path, TaskInstance task, int number, bool isFull, int after, CancellationToken cancellationToken)
    {
        var isOver = task.TryNumber > number || task.State is not TaskInstanceState.Running;
        var lines = new List<TaskLogLine>();
        IReadOnlyList<TaskLogLine> page;
        do
        {
            page = await runs.ReadLogAsync(path.DagId, path.RunId, path.TaskId, number, after, LinesPerPage, cancellationToken);
            lines.AddRange(page);
            after = page.Count > 0 ? page[^1].Line : after;
        }
        while (isFull && page.Count == LinesPerPage);

        // No token: there is nothing to go on with, now or later.
        var isEnd = isOver && page.Count < LinesPerPage;
        return new TaskInstancesLogResponse([.. lines.Select(Message)], isEnd ? null : after.ToString(CultureInfo.InvariantCulture));
    }

    private static async IAsyncEnumerable<TaskLogLine> AllAsync(
        DagRuns runs, TaskPath path, int number, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = 0;
        IReadOnlyList<TaskLogLine> page;
        do
        {
            page = await runs.ReadLogAsync(path.DagId, path.RunId, path.TaskId, number, after, LinesPerPage, cancellationToken);
            foreach (var line in page)
            {
                after = line.Line;
                yield return line;
            }
        }
        while (page.Count == LinesPerPage);
    }

    private static async Task WriteLinesAsync(
        HttpContext context, string contentType, IAsyncEnumerable<TaskLogLine> lines, Func<TaskLogLine, string> write, CancellationToken cancellationToken)
    {
        context.Response.ContentType = contentType;

        // Whoever follows wants to know at once that there is somebody to follow.
        await context.Response.Body.FlushAsync(cancellationToken);
        await foreach (var line in lines.WithCancellation(cancellationToken))
        {
            await context.Response.WriteAsync(write(line) + "\n", cancellationToken);
            await context.Response.Body.FlushAsync(cancellationToken);
        }
    }

    private static string Preferred(HttpRequest request)
    {
        foreach (var accepted in request.GetTypedHeaders().Accept.OrderByDescending(accepted => accepted.Quality ?? 1))
        {
            foreach (var ours in new[] { "application/json", Ndjson, PlainText })
            {
                if (accepted.IsSubsetOf(new MediaTypeHeaderValue(ours)) || (accepted.MatchesAllTypes && ours == "application/json"))
                {
                    return ours;
                }
            }
        }

        return "application/json";
    }

    private static int After(string? token)
    {
        if (token is null)
        {
            return 0;
        }

        return int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var after)
            ? after
            : throw AirflowProblemException.BadRequest("The token is not one that this API gave.");
    }

    private static StructuredLogMessage Message(TaskLogLine line) => new(line.Timestamp.UtcDateTime, line.Message, line.Level.ToLowerInvariant());

    private static string Text(TaskLogLine line) => string.Create(CultureInfo.InvariantCulture, $"[{line.Timestamp.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}] {line.Level} - {line.Message}");
}
