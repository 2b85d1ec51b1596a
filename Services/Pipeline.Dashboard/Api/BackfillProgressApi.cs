using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Api;

/// <summary>How far a backfill is: what Airflow's own answer about one leaves out.</summary>
internal static class BackfillProgressApi
{
    public static void MapBackfillProgress(this IEndpointRouteBuilder api) => api.MapGet("/backfills/{backfill_id:long}", GetAsync)
        .WithName("GetBackfillProgress")
        .WithTags("Runs")
        .WithSummary("How far a backfill is")
        .WithDescription("Its intervals by what became of them; total = skipped + queued + running + success + failed.");

    private static async Task<Results<Ok<BackfillProgressItem>, ProblemHttpResult>> GetAsync(
        [FromRoute(Name = "backfill_id")] long id, Backfills backfills, CancellationToken cancellationToken)
        => await backfills.FindAsync(id, cancellationToken) is { } backfill
            ? TypedResults.Ok(ToItem(backfill))
            : ApiProblem.NotFound($"There is no backfill {id}.");

    private static BackfillProgressItem ToItem(Backfill backfill)
    {
        var progress = backfill.Progress;
        return new BackfillProgressItem(
            backfill.Id, backfill.DagId, backfill.IsPaused, backfill.CompletedAt?.UtcDateTime,
            progress.Total, progress.Skipped, progress.Queued, progress.Running, progress.Success, progress.Failed);
    }
}

internal sealed record BackfillProgressItem(
    long Id,
    string DagId,
    bool IsPaused,
    [property: Description("When its last run ended or it was cancelled; null while it is under way.")] DateTime? CompletedAt,
    int Total,
    [property: Description("Intervals that it left to the runs they have.")] int Skipped,
    int Queued,
    int Running,
    int Success,
    int Failed);
