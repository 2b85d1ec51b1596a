using System.Globalization;
using Pipeline.Simulator.Api;

namespace Pipeline.Simulator.Faults;

/// <summary>Sends an answer with a fault in it.</summary>
internal sealed class FaultResponse(TimeProvider time)
{
    private static readonly TimeSpan DefaultDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DefaultPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Sends the answer.</summary>
    /// <param name="body">Makes the right body, for the faults that need it; the response's headers are set by then.</param>
    public async Task SendAsync(Fault fault, HttpContext context, Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>> body)
    {
        var response = context.Response;
        var cancellationToken = context.RequestAborted;
        switch (fault.Kind)
        {
            case FaultKind.TooManyRequests:
                response.StatusCode = StatusCodes.Status429TooManyRequests;
                if (fault.RetryAfterSeconds > 0)
                {
                    response.Headers.RetryAfter = fault.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
                }

                await WriteAsync(response, "application/json", ErrorBodies.RateLimited(20_000), cancellationToken);
                break;
            case FaultKind.ServerError:
                response.StatusCode = fault.Status;
                await WriteAsync(response, "text/plain", "Simulated server error", cancellationToken);
                break;
            case FaultKind.ErrorObject:
                await WriteAsync(response, "application/json", ErrorBodies.SomethingWentWrong, cancellationToken);
                break;
            case FaultKind.Html:
                await WriteAsync(response, "text/html", "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>", cancellationToken);
                break;
            case FaultKind.ForeignJson:
                await WriteAsync(response, "application/json", """{"data":[{"type":"articles","id":"1"}],"meta":{"total":1}}""", cancellationToken);
                break;
            case FaultKind.Empty:
                response.ContentLength = 0;
                break;
            case FaultKind.Slow:
                await Task.Delay(fault.Delay ?? DefaultDelay, time, cancellationToken);
                await response.BodyWriter.WriteAsync(await body(cancellationToken), cancellationToken);
                break;
            case FaultKind.Trickle:
                await TrickleAsync(fault, response, await body(cancellationToken), cancellationToken);
                break;
            case FaultKind.Truncated:
                var whole = await body(cancellationToken);
                await response.BodyWriter.WriteAsync(whole[..Math.Min(whole.Length, fault.Bytes ?? (whole.Length / 2))], cancellationToken);
                break;
            default:
                await ResetAsync(fault, context, body, cancellationToken);
                break;
        }
    }

    private static async Task WriteAsync(HttpResponse response, string contentType, string text, CancellationToken cancellationToken)
    {
        response.ContentType = $"{contentType}; charset=utf-8";
        await response.WriteAsync(text, cancellationToken);
    }

    private static async Task ResetAsync(
        Fault fault, HttpContext context, Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>> body, CancellationToken cancellationToken)
    {
        if (fault.Bytes is > 0 and var bytes)
        {
            var whole = await body(cancellationToken);
            await context.Response.BodyWriter.WriteAsync(whole[..Math.Min(whole.Length, bytes)], cancellationToken);
        }

        context.Abort();
    }

    private async Task TrickleAsync(Fault fault, HttpResponse response, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var piece = Math.Max(1, fault.Bytes ?? 1_024);
        for (var at = 0; at < body.Length; at += piece)
        {
            await response.BodyWriter.WriteAsync(body[at..Math.Min(body.Length, at + piece)], cancellationToken);
            await Task.Delay(fault.Delay ?? DefaultPause, time, cancellationToken);
        }
    }
}
