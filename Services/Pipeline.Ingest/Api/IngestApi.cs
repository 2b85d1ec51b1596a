using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Pipeline.Contracts;
using Pipeline.ServiceDefaults.Security;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Ingest.Api;

/// <summary>Answer to a request of which something was taken.</summary>
internal sealed record IngestAccepted(int Accepted, int Rejected, IReadOnlyList<ItemError> Errors);

/// <summary><c>POST /api/events</c>: activity of users, from outside, into <c>user_activity</c>.</summary>
internal sealed class IngestApi(
    IRecordLog log, ActivityItem items, IOptions<IngestOptions> options, IngestInstruments instruments, TimeProvider clock, ILogger<IngestApi> logger)
{
    private const string Json = "application/json";
    private const string Ndjson = "application/x-ndjson";

    private readonly IngestApiOptions _limits = options.Value.Api;

    public static void Map(IEndpointRouteBuilder endpoints)
        => endpoints.MapPost("/api/events", (HttpContext context, IngestApi api) => api.HandleAsync(context))
            .RequireRole(ApiRoles.Operator)
            .WithName("PostEvents")
            .WithTags("Events")
            .WithSummary("Takes activity of users: a JSON array of events, or one event a line (NDJSON).")
            .WithDescription(
                "An event needs user_id (UUID) and event_type (login, view, update, logout, error); event_id, event_time, session_hint, page, device and detail "
                + "are optional. Without event_id one is derived from user, type, time and content, so that a request with times can be repeated safely. What is acceptable "
                + "is taken, and durable when the answer is 202; errors names every other item. 400 when nothing was acceptable.")
            .Accepts<ActivityInput[]>(Json, Ndjson)
            .Produces<IngestAccepted>(StatusCodes.Status202Accepted, Json)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private async Task<IResult> HandleAsync(HttpContext context)
    {
        var contentType = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) ? type.MediaType.Value : null;
        var lines = string.Equals(contentType, Ndjson, StringComparison.OrdinalIgnoreCase);
        if ((!lines && !string.Equals(contentType, Json, StringComparison.OrdinalIgnoreCase)) || context.Request.Headers.ContentEncoding.Count > 0)
        {
            return Problem(StatusCodes.Status415UnsupportedMediaType, $"Send {Json} (an array) or {Ndjson} (one event a line), not compressed.");
        }

        using var body = new RequestBody();
        if (!await ReadBodyAsync(context, body))
        {
            return Problem(StatusCodes.Status413PayloadTooLarge, $"The body is larger than {_limits.MaxBodyBytes} bytes; send it in parts.");
        }

        await using var writer = log.CreateWriter();

        // One append for all, so that the log takes the request whole or not at all.
        using var batch = new EventBatch(writer, Topics.Activity, runId: null, clock, _limits.MaxItems);
        var request = new ActivityRequest(items, _limits, clock.GetUtcNow().ToUnixTimeMilliseconds());
        if (lines)
        {
            request.ReadLines(body.Bytes, batch);
        }
        else if (request.ReadArray(body.Bytes, batch) is { } fault)
        {
            return Problem(StatusCodes.Status400BadRequest, fault);
        }

        if (request.TooManyItems)
        {
            return Problem(StatusCodes.Status413PayloadTooLarge, $"The body holds more than {_limits.MaxItems} events; send it in parts.");
        }

        if (request.Errors.Count == request.Count)
        {
            return Problem(
                StatusCodes.Status400BadRequest,
                request.Count == 0 ? "The body holds no event." : $"None of the {request.Count} event(s) can be taken.",
                request.Errors);
        }

        return await AppendAsync(context, batch, request);
    }

    private async Task<IResult> AppendAsync(HttpContext context, EventBatch batch, ActivityRequest request)
    {
        try
        {
            await batch.FlushAsync(context.RequestAborted);
        }
        catch (RecordLogException e)
        {
            // Whether it helps to come back is for whoever runs the log to say; the client's events are still the client's.
            logger.LogUnavailable(request.Count - request.Errors.Count, e.Message);
            context.Response.Headers.RetryAfter = ((long)_limits.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            return Problem(StatusCodes.Status503ServiceUnavailable, $"Nothing was taken, the record log does not answer: {e.Message}");
        }

        instruments.Taken(Topics.Activity, batch.Acknowledged, request.Errors.Count);
        return TypedResults.Json(new IngestAccepted(batch.Acknowledged, request.Errors.Count, request.Errors), statusCode: StatusCodes.Status202Accepted);
    }

    /// <summary>Reads all of it; false when it is too large.</summary>
    private async Task<bool> ReadBodyAsync(HttpContext context, RequestBody body)
    {
        if (context.Request.ContentLength > _limits.MaxBodyBytes)
        {
            return false;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            // The limit is counted here; the server's own one may be lower than the setting.
            feature.MaxRequestBodySize = null;
        }

        return await body.ReadAsync(context.Request, _limits.MaxBodyBytes, context.RequestAborted);
    }

    private static ProblemHttpResult Problem(int status, string detail, IReadOnlyList<ItemError>? errors = null)
        => TypedResults.Problem(new ProblemDetails
        {
            Status = status,
            Title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status),
            Detail = detail,
            Extensions = errors is null ? [] : new Dictionary<string, object?> { ["errors"] = errors },
        });
}

/// <summary>One activity as a client sends it; only for the API's description.</summary>
internal sealed record ActivityInput(
    [property: JsonPropertyName("user_id")] Guid UserId,
    [property: JsonPropertyName("event_type")] string EventType,
    [property: JsonPropertyName("event_time")] DateTimeOffset? EventTime,
    [property: JsonPropertyName("event_id")] Guid? EventId,
    [property: JsonPropertyName("session_hint")] string? SessionHint,
    [property: JsonPropertyName("page")] string? Page,
    [property: JsonPropertyName("device")] string? Device,
    [property: JsonPropertyName("detail")] string? Detail);
