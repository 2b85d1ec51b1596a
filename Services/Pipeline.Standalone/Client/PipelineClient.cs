using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Pipeline.Dashboard.Airflow;
using Pipeline.Dashboard.Api;
using Pipeline.Dashboard.Status;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Standalone.Client;

/// <summary>Calls the API of an instance, with a token when there is one.</summary>
internal sealed class PipelineClient : IDisposable
{
    /// <summary>How an answer is read and a body is written, as the API itself does.</summary>
    public static readonly JsonSerializerOptions Json = CreateJson();

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;

    public PipelineClient(string url, string? token, TimeSpan? timeout = null)
    {
        _http = new HttpClient { BaseAddress = new Uri(url.TrimEnd('/') + '/'), Timeout = timeout ?? Patience };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd($"{AirflowActor.CommandLineAgent}/{StatusReader.Version}");
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>The token that the settings give: the one asked for, else the most powerful one of the pipeline's own, whose settings this command reads too.</summary>
    public static string? TokenOf(HostSettings settings, IConfiguration configuration)
        => settings.Token ?? configuration.GetSection(SecurityOptions.SectionName).Get<SecurityOptions>()?.Tokens
            .MaxBy(token => token.Role switch { ApiRoles.Admin => 2, ApiRoles.Operator => 1, _ => 0 })?.Value;

    /// <exception cref="PipelineClientException">It answered with an error, or with nothing.</exception>
    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        return await SendAsync<T>(HttpMethod.Get, path, body: null, cancellationToken);
    }

    /// <exception cref="PipelineClientException">It answered with an error, or with nothing.</exception>
    public async Task<T> SendAsync<T>(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(method, path, body, cancellationToken);
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken)
                ?? throw new PipelineClientException($"{Place(path)} answered without content.", response.StatusCode);
        }
        catch (JsonException)
        {
            throw new PipelineClientException($"{Place(path)} does not answer as a pipeline does.", response.StatusCode);
        }
    }

    /// <exception cref="PipelineClientException">It answered with an error, or not at all.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body, body.GetType(), options: Json);
        }

        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new PipelineClientException($"{_http.BaseAddress} does not answer: {e.Message}", null);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw new PipelineClientException(await ReasonAsync(response, cancellationToken), response.StatusCode);
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            if (JsonElement.Parse(text) is { ValueKind: JsonValueKind.Object } problem && problem.TryGetProperty("detail", out var detail) && detail.GetString() is { } words)
            {
                return response.StatusCode == HttpStatusCode.Unauthorized ? $"{words} Give it with --token, or in Security:Tokens." : words;
            }
        }
        catch (JsonException)
        {
            // Something else than a pipeline answered; its status is all there is to tell.
        }

        return $"{response.RequestMessage?.RequestUri} answered {(int)response.StatusCode} {response.ReasonPhrase}.";
    }

    private string Place(string path) => new Uri(_http.BaseAddress!, path).ToString();

    private static JsonSerializerOptions CreateJson()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ApiJson.Configure(options);
        return options;
    }
}

/// <summary>A call that did not succeed, in the words of whoever answered.</summary>
/// <param name="status"><see langword="null"/> when nobody answered.</param>
internal sealed class PipelineClientException(string message, HttpStatusCode? status) : Exception(message)
{
    public HttpStatusCode? Status { get; } = status;
}
