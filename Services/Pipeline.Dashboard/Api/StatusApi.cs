using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Dashboard.Status;

namespace Pipeline.Dashboard.Api;

internal static class StatusApi
{
    public static void MapStatus(this IEndpointRouteBuilder api) => api.MapGet("/status", GetAsync)
        .WithName("GetStatus")
        .WithTags("Status")
        .WithSummary("Where the pipeline stands")
        .WithDescription("Offsets and lag of every partition, the totals of the conservation law (consumed = stored + dead_lettered + late + duplicate), "
            + "watermark, latency, rates and freshness.");

    private static async Task<Ok<StatusReport>> GetAsync(StatusReader status, CancellationToken cancellationToken)
        => TypedResults.Ok(await status.ReadAsync(cancellationToken));
}
