using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Dashboard.Views;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Api;

internal static class EventsApi
{
    public static void MapEvents(this IEndpointRouteBuilder api)
    {
        api.MapGet("/events", ListAsync)
            .WithName("ListEvents")
            .WithTags("Events")
            .WithSummary("Stored events, newest first")
            .WithDescription("Events that passed every gate, by event time; with `user_id` only that user's.");

        api.MapGet("/events/{event_id}", GetAsync)
            .WithName("GetEvent")
            .WithTags("Events")
            .WithSummary("One stored event")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static Task<Results<Ok<ItemPage<EventItem>>, ValidationProblem>> ListAsync(
        [AsParameters] UserParameters parameters, [AsParameters] RangeParameters range, ClaimsPrincipal caller, IResultStore store, CancellationToken cancellationToken)
        => Listing.ReadAsync(
            range, reader => new EventQuery { UserId = reader.Uuid("user_id", parameters.UserId) }, store.QueryEventsAsync, e => ToItem(Redaction.For(caller, e)), cancellationToken);

    private static async Task<Results<Ok<EventItem>, ValidationProblem, ProblemHttpResult>> GetAsync(
        string event_id, ClaimsPrincipal caller, IResultStore store, CancellationToken cancellationToken)
    {
        var reader = new ParameterReader();
        var id = reader.Uuid("event_id", event_id);
        if (reader.HasErrors(out var problem))
        {
            return problem;
        }

        var stored = await store.GetEventAsync(id.GetValueOrDefault(), cancellationToken);
        return stored is null ? ApiProblem.NotFound($"No event {event_id} is stored.") : TypedResults.Ok(ToItem(Redaction.For(caller, stored)));
    }

    private static EventItem ToItem(StoredEvent e) => new(
        e.EventId,
        e.UserId,
        e.EventType,
        UtcTime.FromUnixMs(e.EventTime),
        UtcTime.FromUnixMs(e.IngestedAt),
        e.Topic,
        e.Partition,
        e.Offset,
        e.Nationality,
        e.Country,
        e.Region,
        e.Gender,
        e.AgeBand,
        QualityRules.Ids(e.Flags),
        new RawJson(e.Data));
}
