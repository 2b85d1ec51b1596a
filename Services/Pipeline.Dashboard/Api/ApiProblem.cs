using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Pipeline.Scheduling.Metadata;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Dashboard.Api;

/// <summary>Every error of the API is a problem as RFC 9457 has it, in words for the caller and without a stack trace.</summary>
internal static class ApiProblem
{
    public const string MediaType = "application/problem+json";

    public static ValidationProblem BadParameters(IDictionary<string, string[]> errors) => TypedResults.ValidationProblem(
        errors,
        detail: string.Join(" ", errors.SelectMany(e => e.Value.Select(text => $"{e.Key}: {text}"))),
        title: "A parameter is wrong.");

    public static ProblemHttpResult NotFound(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status404NotFound, title: "Not found");

    /// <summary>Fills in the body of an error that came without one: unknown path, method not allowed, …</summary>
    public static Task WriteStatusAsync(StatusCodeContext context)
    {
        var (request, response) = (context.HttpContext.Request, context.HttpContext.Response);
        var detail = response.StatusCode switch
        {
            StatusCodes.Status404NotFound => $"There is nothing at {request.Path}. The API is described at /openapi/v1.json.",
            StatusCodes.Status405MethodNotAllowed => $"{request.Method} is not allowed at {request.Path}; allowed: {response.Headers.Allow}.",
            _ => null,
        };
        return Problem(response.StatusCode, detail).ExecuteAsync(context.HttpContext);
    }

    /// <summary>Failures of the log or the store, told by kind; anything else is a bug and says no more than that.</summary>
    public static ProblemHttpResult FromException(Exception exception) => exception switch
    {
        InvalidCursorException => Problem(StatusCodes.Status400BadRequest, "The cursor was not made by this API for this query; start again without one."),
        BadHttpRequestException bad => Problem(bad.StatusCode, bad.Message),
        StorageException { IsTransient: true } => Problem(StatusCodes.Status503ServiceUnavailable, $"The result store cannot answer right now: {exception.Message}"),
        RecordLogException { IsTransient: true } => Problem(StatusCodes.Status503ServiceUnavailable, $"The record log cannot answer right now: {exception.Message}"),
        MetadataStoreException { IsTransient: true } => Problem(StatusCodes.Status503ServiceUnavailable, exception.Message),
        StorageException or RecordLogException or MetadataStoreException => Problem(StatusCodes.Status500InternalServerError, exception.Message),
        _ => Problem(StatusCodes.Status500InternalServerError, "Something went wrong on our side; the log has the details."),
    };

    private static ProblemHttpResult Problem(int status, string? detail)
        => TypedResults.Problem(new ProblemDetails { Status = status, Title = ReasonPhrases.GetReasonPhrase(status), Detail = detail });
}

internal sealed class ApiExceptionHandler(ILogger<ApiExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var problem = ApiProblem.FromException(exception);
        if (problem.StatusCode >= StatusCodes.Status500InternalServerError)
        {
            Log.RequestFailed(logger, httpContext.Request.Method, httpContext.Request.Path, exception);
        }

        if (problem.StatusCode == StatusCodes.Status503ServiceUnavailable)
        {
            httpContext.Response.Headers.RetryAfter = "1";
        }

        httpContext.Response.StatusCode = problem.StatusCode;
        await problem.ExecuteAsync(httpContext);
        return true;
    }
}
