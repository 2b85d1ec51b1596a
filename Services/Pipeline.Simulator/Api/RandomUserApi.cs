using System.IO.Pipelines;
using System.Net.Mime;
using Microsoft.Extensions.Options;
using Pipeline.Simulator.Faults;
using Pipeline.Simulator.Formats;
using Pipeline.Simulator.People;

namespace Pipeline.Simulator.Api;

/// <summary>Answers a call as version 1.4 of the RandomUser API does: rate limit, version, coercions, count, body.</summary>
internal sealed class RandomUserApi(
    NationalityCatalog catalog,
    PageWriter pages,
    UserQuota quota,
    FaultPlan plan,
    FaultResponse faults,
    IOptionsMonitor<SimulatorOptions> options,
    ILogger<RandomUserApi> logger)
{
    public const string FaultParameter = "_fault";
    public const string FaultHeader = "X-Simulator-Fault";

    public async Task HandleAsync(HttpContext context, string? version)
    {
        var response = context.Response;
        response.Headers.AccessControlAllowOrigin = "*";
        var client = Client(context);
        if (quota.Exceeded(client) is { } users)
        {
            Log.RateLimited(logger, client, users);
            response.StatusCode = StatusCodes.Status429TooManyRequests;
            response.ContentType = "application/json; charset=utf-8";
            await response.WriteAsync(ErrorBodies.RateLimited(users), context.RequestAborted);
            return;
        }

        if (version is not (null or "" or PageWriter.Version))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            response.ContentType = "text/plain; charset=utf-8";
            await response.WriteAsync("Not Found", context.RequestAborted);
            return;
        }

        if (!TryChooseFault(context.Request, out var fault, out var error))
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
            await response.WriteAsync(error, context.RequestAborted);
            return;
        }

        var query = RandomUserQuery.Parse(context.Request.Query, catalog);
        quota.Add(client, query.Results);
        SetHeaders(response, query);
        if (fault is null)
        {
            await pages.WriteAsync(query, response.BodyWriter, context.RequestAborted);
            return;
        }

        Log.FaultInjected(logger, fault.Kind);
        await faults.SendAsync(fault, context, cancellationToken => BufferAsync(query, cancellationToken));
    }

    private static void SetHeaders(HttpResponse response, RandomUserQuery query)
    {
        var (contentType, extension) = query.Format switch
        {
            ResponseFormat.Csv => (MediaTypeNames.Text.Csv, "csv"),
            ResponseFormat.Yaml => ("text/x-yaml", "yaml"),
            ResponseFormat.Xml => (MediaTypeNames.Text.Xml, "xml"),
            _ => (MediaTypeNames.Application.Json, "json"),
        };
        response.ContentType = $"{contentType}; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        if (query.IsDownload)
        {
            response.Headers.ContentDisposition = $"attachment; filename=\"download.{extension}\"";
        }
    }

    /// <summary>Who is counted: the address a proxy says, as the genuine service takes it, else that of the connection.</summary>
    private static string Client(HttpContext context)
    {
        var headers = context.Request.Headers;
        foreach (var name in (ReadOnlySpan<string>)["CF-Connecting-IP", "X-Real-IP", "X-Forwarded-For"])
        {
            if (headers.TryGetValue(name, out var value) && !string.IsNullOrEmpty(value))
            {
                return value.ToString();
            }
        }

        return context.Connection.RemoteIpAddress?.ToString() ?? "";
    }

    private async ValueTask<ReadOnlyMemory<byte>> BufferAsync(RandomUserQuery query, CancellationToken cancellationToken)
    {
        var buffer = new MemoryStream();
        var output = PipeWriter.Create(buffer, new StreamPipeWriterOptions(leaveOpen: true));
        await pages.WriteAsync(query, output, cancellationToken);
        await output.CompleteAsync();
        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    /// <summary>What the caller asks for comes before what is planned.</summary>
    private bool TryChooseFault(HttpRequest request, out Fault? fault, out string error)
    {
        error = "";
        if (options.CurrentValue.Faults.AllowSwitches)
        {
            var asked = request.Query[FaultParameter].ToString() is { Length: > 0 } parameter ? parameter : request.Headers[FaultHeader].ToString();
            if (asked.Length > 0)
            {
                var understood = Fault.TryParse(asked, out fault, out var reason);
                error = reason ?? "";
                return understood;
            }
        }

        fault = plan.Take();
        return true;
    }
}
