using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.ServiceDefaults.Security;
using Pipeline.Storage;
using Pipeline.Streaming.Processing;

namespace Pipeline.Processor.Api;

/// <summary>
/// What only the processor knows: the topology at work, and windows and sessions as they stand in its state. Answered where the state
/// is, by the process that has the partitions; each partition is looked at between two batches, without a lock.
/// </summary>
public static class ProcessorApi
{
    private const int MaxSessionUsers = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Maps <c>/api/topology</c>, <c>/api/windows/open</c>, <c>/api/sessions/open</c> and <c>/api/processor</c>; the host has the API's security.</summary>
    public static IEndpointRouteBuilder MapProcessorApi(this IEndpointRouteBuilder app)
    {
        app.MapControlApi();
        var api = app.MapGroup("/api").RequireRole(ApiRoles.Viewer);
        api.MapGet("/topology", GetTopology)
            .WithName("GetTopology")
            .WithTags("Status")
            .WithSummary("The processing topology at work")
            .WithDescription("Every step with the records in and out and its state, every task with queue, lag, watermark and where its time goes. "
                + "`format=text` prints it on one screen, `format=dot` for Graphviz.");
        api.MapGet("/windows/open", GetOpenWindowsAsync)
            .WithName("ListOpenWindows")
            .WithTags("Analytics")
            .WithSummary("Windows that still take events, from the processor's state")
            .WithDescription("As `/api/windows`, but as of now instead of as last written, overlapping windows included. Each partition's part is consistent as "
                + "of the offset that stands in `partitions`.");
        api.MapGet("/sessions/open", GetOpenSessionsAsync)
            .WithName("ListOpenSessions")
            .WithTags("Analytics")
            .WithSummary("Sessions that still take events, from the processor's state")
            .WithDescription("A user's, or those of up to 1,000 users per partition in no particular order.");
        return app;
    }

    private static Results<Ok<TopologyReport>, ContentHttpResult, ValidationProblem> GetTopology(
        [FromQuery, Description("`json`, `text` or `dot`. Default: `json`.")] string? format, ProcessorWorker worker)
    {
        var report = TopologyReport.Of(worker.Worker.Status);
        return format switch
        {
            null or "" or "json" => TypedResults.Ok(report),
            "text" => TypedResults.Text(report.ToText(), "text/plain; charset=utf-8"),
            "dot" => TypedResults.Text(report.ToDot(), "text/vnd.graphviz; charset=utf-8"),
            _ => Wrong("format", format, ["json", "text", "dot"]),
        };
    }

    private static async Task<Results<Ok<OpenWindows>, ValidationProblem, ProblemHttpResult>> GetOpenWindowsAsync(
        [FromQuery, Description("`events`, `users`, `latency` or `age`. Default: `events`.")] string? metric,
        [FromQuery, Description("What it is grouped by. Default: `all`.")] string? dimension,
        [FromQuery, Description("`minute`, `hour` or `rolling_5m`. Default: `minute`.")] string? grain,
        ProcessorWorker worker,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        grain = string.IsNullOrEmpty(grain) ? WindowGrain.Minute : grain;
        if (!WindowGrain.All.Contains(grain))
        {
            return Wrong("grain", grain, [.. WindowGrain.All]);
        }

        var query = new WindowQuery
        {
            Metric = string.IsNullOrEmpty(metric) ? "events" : metric,
            Dimension = string.IsNullOrEmpty(dimension) ? "all" : dimension,
            Grain = grain,
        };
        var parts = await AskAsync(worker, time, task => (PartitionState.Of(task), Windows: LiveState.Windows(task, query)), cancellationToken);
        return parts is null
            ? Busy()
            : TypedResults.Ok(new OpenWindows(OpenWindowItem.Merge(parts.SelectMany(p => p.Windows)), [.. parts.Select(p => p.Item1)]));
    }

    private static async Task<Results<Ok<OpenSessions>, ValidationProblem, ProblemHttpResult>> GetOpenSessionsAsync(
        [FromQuery(Name = "user_id"), Description("Only this user's, a UUID.")] string? userId,
        ProcessorWorker worker,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        Guid? user = null;
        if (!string.IsNullOrEmpty(userId))
        {
            if (!Guid.TryParseExact(userId, "D", out var id))
            {
                return TypedResults.ValidationProblem(
                    new Dictionary<string, string[]> { ["user_id"] = [$"'{userId}' is not a UUID."] }, detail: $"user_id: '{userId}' is not a UUID.", title: "A parameter is wrong.");
            }

            user = id;
        }

        var parts = await AskAsync(worker, time, task => (PartitionState.Of(task), Sessions: LiveState.Sessions(task, user, MaxSessionUsers)), cancellationToken);
        return parts is null
            ? Busy()
            : TypedResults.Ok(new OpenSessions(
                [.. parts.SelectMany(p => p.Sessions).OrderByDescending(s => s.Start).Select(OpenSessionItem.Of)], [.. parts.Select(p => p.Item1)]));
    }

    /// <summary>Null when not every task answers in time: one waits for the store, or ends.</summary>
    private static async Task<TResult[]?> AskAsync<TResult>(
        ProcessorWorker worker, TimeProvider time, Func<StreamTask<PipelineEvent>, TResult> read, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await worker.Worker.ReadAsync(read, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static ValidationProblem Wrong(string name, string value, string[] allowed)
    {
        var error = $"'{value}' must be one of: {string.Join(", ", allowed)}.";
        return TypedResults.ValidationProblem(new Dictionary<string, string[]> { [name] = [error] }, detail: $"{name}: {error}", title: "A parameter is wrong.");
    }

    private static ProblemHttpResult Busy() => TypedResults.Problem(
        "Not every partition can answer right now: one is being opened, waits for the result store, or moves to another process. Ask again.",
        statusCode: StatusCodes.Status503ServiceUnavailable,
        title: "Service Unavailable");
}
