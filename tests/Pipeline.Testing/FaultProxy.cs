using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Testing;

/// <summary>A TCP proxy with faults between a client and a server (Toxiproxy's HTTP API). Without <c>PIPELINE_TEST_TOXIPROXY</c> the test is skipped.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly string _name = $"test_{Guid.NewGuid():N}";

    private FaultProxy(HttpClient http) => _http = http;

    /// <summary>Where the client connects to.</summary>
    public string Address { get; private set; } = "";

    /// <param name="upstream">The server, host:port.</param>
    /// <param name="api">The proxy's own address; null for the one that everybody uses.</param>
    public static async Task<FaultProxy> OpenAsync(string upstream, string? api = null)
    {
        var proxy = new FaultProxy(new HttpClient { BaseAddress = new Uri(api ?? RequiresServer.ConnectionString("toxiproxy")) });
        var made = await SentAsync(proxy._http.PostAsJsonAsync("/proxies", new { name = proxy._name, listen = "127.0.0.1:0", upstream, enabled = true }));
        proxy.Address = (string)made!["listen"]!;
        return proxy;
    }

    /// <summary>Whether connections are accepted; those that are open are cut.</summary>
    public Task EnableAsync(bool enabled) => SentAsync(_http.PostAsJsonAsync($"/proxies/{_name}", new { name = _name, enabled }));

    /// <summary>Adds a fault: <c>latency</c>, <c>reset_peer</c>, <c>timeout</c>, <c>limit_data</c>, …</summary>
    /// <param name="stream"><c>downstream</c> is from the server to the client.</param>
    public Task AddAsync(string fault, string stream, object attributes)
        => SentAsync(_http.PostAsJsonAsync($"/proxies/{_name}/toxics", new { name = fault, type = fault, stream, toxicity = 1.0, attributes }));

    public async Task RemoveAsync(string fault)
    {
        using var response = await _http.DeleteAsync(new Uri($"/proxies/{_name}/toxics/{fault}", UriKind.Relative));
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        using var response = await _http.DeleteAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"/proxies/{_name}"), UriKind.Relative));
        _http.Dispose();
    }

    private static async Task<JsonNode?> SentAsync(Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonNode>();
    }
}
