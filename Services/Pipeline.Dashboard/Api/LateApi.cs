using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Dashboard.Views;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Api;

internal static class LateApi
{
    public static void MapLate(this IEndpointRouteBuilder api) => api.MapGet("/late", ListAsync)
        .WithName("ListLate")
        .WithTags("Events")
        .WithSummary("Events that came too late, newest first")
        .WithDescription("Valid events whose window was closed for good when they arrived; they are kept here and count in no window.");

    private static Task<Results<Ok<ItemPage<LateItem>>, ValidationProblem>> ListAsync(
        [AsParameters] RangeParameters range, ClaimsPrincipal caller, IResultStore store, CancellationToken cancellationToken)
        => Listing.ReadAsync(range, _ => new RangeQuery(), store.QueryLateAsync, e => ToItem(Redaction.For(caller, e)), cancellationToken);

    private static LateItem ToItem(LateEvent e) => new(
        e.EventId,
        e.UserId,
        e.EventType,
        UtcTime.FromUnixMs(e.EventTime),
        e.LatenessMs / 1000.0,
        UtcTime.FromUnixMs(e.IngestedAt),
        e.Topic,
        e.Partition,
        e.Offset,
        new RawJson(e.Data));
}
