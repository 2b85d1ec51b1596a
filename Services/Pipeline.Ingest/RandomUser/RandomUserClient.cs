using System.Net;
using Microsoft.Extensions.Options;
using Polly.Timeout;

namespace Pipeline.Ingest.RandomUser;

/// <summary>
/// Asks the RandomUser API for a page and believes the answer only when everything about it is right. Short faults are
/// retried below, in the HTTP pipeline; what remains fails the task's try.
/// </summary>
internal sealed class RandomUserClient(HttpClient http, UserRateLimiter limiter, IOptions<IngestOptions> options, TimeProvider clock)
{
    private readonly Uri _baseUrl = new(options.Value.BaseUrl);

    /// <summary>Host name of the API: the source of its events.</summary>
    public string Source => _baseUrl.Host;

    /// <exception cref="RandomUserException">The users did not come.</exception>
    public async Task<IReadOnlyList<SourceUser>> FetchAsync(PageRequest request, Action<TimeSpan> waiting, CancellationToken cancellationToken)
    {
        await limiter.AcquireAsync(request.Results, waiting, cancellationToken);
        using var timeout = new CancellationTokenSource(options.Value.Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var response = await http.GetAsync(request.On(_baseUrl), HttpCompletionOption.ResponseHeadersRead, either.Token);
            CheckStatus(response);
            CheckContentType(response);
            var body = await ReadBodyAsync(response, either.Token);
            return RandomUserReader.Read(body.GetBuffer().AsSpan(0, (int)body.Length), request.Page).Believe(request);
        }
        catch (Exception e) when (e is TimeoutRejectedException || (e is OperationCanceledException && timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested))
        {
            throw new RandomUserException($"The API at {_baseUrl} did not answer within {options.Value.Timeout.TotalSeconds:0.###} s.", innerException: e);
        }
        catch (HttpRequestException e)
        {
            throw new RandomUserException($"The API at {_baseUrl} cannot be reached: {e.Message}", innerException: e);
        }
        catch (HttpIOException e)
        {
            throw new RandomUserException($"The API at {_baseUrl} broke off its answer: {e.Message}", innerException: e);
        }
    }

    /// <summary>How long the response asks to wait.</summary>
    internal static TimeSpan RetryAfter(HttpResponseMessage response, DateTimeOffset now)
    {
        var header = response.Headers.RetryAfter;
        var wait = header?.Delta ?? (header?.Date - now) ?? TimeSpan.Zero;
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private void CheckStatus(HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return;
        }

        var said = $"{(int)response.StatusCode} {response.StatusCode}";
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            var after = RetryAfter(response, clock.GetUtcNow());
            throw new RandomUserException($"The API at {_baseUrl} is over its limit ({said}){(after > TimeSpan.Zero ? $" and asks to wait {after.TotalSeconds:0} s" : "")}.", retryAfter: after);
        }

        // 4xx says that the request is wrong, and it will be the same request next time.
        var permanent = (int)response.StatusCode is >= 300 and < 500 && response.StatusCode != HttpStatusCode.RequestTimeout;
        throw new RandomUserException(
            $"The API at {_baseUrl} answered {said}{(permanent ? $"; check {IngestOptions.SectionName}:{nameof(IngestOptions.BaseUrl)}" : "")}.",
            permanent,
            RetryAfter(response, clock.GetUtcNow()));
    }

    private static void CheckContentType(HttpResponseMessage response)
    {
        var type = response.Content.Headers.ContentType;
        if (type?.MediaType is not { } media || !media.Equals("application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw new RandomUserException($"The API answered with the content type '{type}', not application/json.");
        }

        if (type.CharSet is { } charset && !charset.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            throw new RandomUserException($"The API answered in the character set '{charset}', not utf-8.");
        }
    }

    private async Task<MemoryStream> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var limit = options.Value.MaxResponseBytes;
        var announced = response.Content.Headers.ContentLength;
        if (announced > limit)
        {
            throw TooLarge();
        }

        var body = new MemoryStream((int)(announced ?? 64 * 1024));
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (body.Length + read > limit)
            {
                throw TooLarge();
            }

            body.Write(buffer, 0, read);
        }

        return body;

        RandomUserException TooLarge() => new($"The API's answer is larger than {limit} bytes; nothing of it was taken.");
    }
}
