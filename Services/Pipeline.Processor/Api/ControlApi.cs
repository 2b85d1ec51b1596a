using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.ServiceDefaults.Security;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Processor.Api;

internal sealed record ProcessorState([property: Description("It reads nothing, and other processors may have its partitions.")] bool IsPaused);

/// <summary>Pause and resume of this processor, and its results made anew.</summary>
internal static class ControlApi
{
    public static void MapControlApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/processor").WithTags("Processor");
        api.MapGet("", (ProcessorControl control) => new ProcessorState(control.IsPaused)).RequireRole(ApiRoles.Viewer)
            .WithName("GetProcessor").WithSummary("Whether this processor is paused");
        api.MapPost("/pause", (ProcessorControl control, IHostApplicationLifetime life) => RunAsync(control, life, control.PauseAsync)).RequireRole(ApiRoles.Operator)
            .WithName("PauseProcessor").WithSummary("Pauses processing").WithDescription("Answers when what was read is written and the partitions are given up. The log goes on filling.");
        api.MapPost("/resume", (ProcessorControl control, IHostApplicationLifetime life) => RunAsync(control, life, control.ResumeAsync)).RequireRole(ApiRoles.Operator)
            .WithName("ResumeProcessor").WithSummary("Lets processing go on where it was");
        api.MapPost("/reset", (ProcessorControl control, IHostApplicationLifetime life) => RunAsync(control, life, control.ResetAsync)).RequireRole(ApiRoles.Admin)
            .WithName("ResetResults").WithSummary("Forgets the results and stays paused")
            .WithDescription("Only what the log can give again is forgotten; `resume` derives it anew. With several processors on one log pause the others first.");
        api.MapPost("/replay", (ProcessorControl control, IHostApplicationLifetime life) => RunAsync(control, life, control.ReplayAsync)).RequireRole(ApiRoles.Admin)
            .WithName("ReplayLog").WithSummary("Forgets the results and derives them from the log again")
            .WithDescription("As `reset` and `resume`. Answers when it has begun; lag says how much is left.");
    }

    // Once begun it is done, whether or not the caller waits.
    private static async Task<Results<Ok<ProcessorState>, ProblemHttpResult>> RunAsync(
        ProcessorControl control, IHostApplicationLifetime life, Func<CancellationToken, Task> action)
    {
        try
        {
            await action(life.ApplicationStopping);
            return TypedResults.Ok(new ProcessorState(control.IsPaused));
        }
        catch (Exception e) when (e is StorageException or RecordLogException or OperationCanceledException)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status503ServiceUnavailable, title: "Service Unavailable");
        }
    }
}
