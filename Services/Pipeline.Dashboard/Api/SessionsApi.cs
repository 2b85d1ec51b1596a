using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Api;

internal static class SessionsApi
{
    public static void MapSessions(this IEndpointRouteBuilder api) => api.MapGet("/sessions", ListAsync)
        .WithName("ListSessions")
        .WithTags("Analytics")
        .WithSummary("User sessions, newest first")
        .WithDescription("Runs of a user's activity without a longer gap.");

    private static Task<Results<Ok<ItemPage<SessionItem>>, ValidationProblem>> ListAsync(
        [AsParameters] UserParameters parameters, [AsParameters] RangeParameters range, IResultStore store, CancellationToken cancellationToken)
        => Listing.ReadAsync(range, reader => new SessionQuery { UserId = reader.Uuid("user_id", parameters.UserId) }, store.QuerySessionsAsync, ToItem, cancellationToken);

    private static SessionItem ToItem(SessionRow s) => new(
        s.SessionId,
        s.UserId,
        UtcTime.FromUnixMs(s.Start),
        UtcTime.FromUnixMs(s.End),
        (s.End - s.Start) / 1000.0,
        s.Events,
        RawJson.From(s.EventTypes),
        s.EntryType,
        s.ExitType,
        s.IsClosed,
        s.IsLateUpdate,
        s.Topic,
        s.Partition);
}
