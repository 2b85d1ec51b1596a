using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Ingest;
using Pipeline.ServiceDefaults.Security;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Security;

public sealed class ApiSecurityTests
{
    private const string Viewer = "viewer-0123456789";
    private const string Operator = "operator-0123456789";
    private const string Admin = "admin-0123456789";

    private static readonly string[] Tokens =
    [
        "Security:Tokens:0:Value", Viewer, "Security:Tokens:0:Role", "viewer",
        "Security:Tokens:1:Value", Operator, "Security:Tokens:1:Role", "operator", "Security:Tokens:1:Name", "night shift",
        "Security:Tokens:2:Value", Admin, "Security:Tokens:2:Role", "admin",
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Viewer, 200, 403, 403)]
    [InlineData(Operator, 200, 200, 403)]
    [InlineData(Admin, 200, 200, 200)]
    [InlineData("admin-0123456780", 401, 401, 401)]
    [InlineData(null, 401, 401, 401)]
    public async Task Token_OfARole_OpensWhatTheRoleMayDo(string? token, int read, int run, int change)
    {
        await using var app = await StartAsync(Tokens);

        Assert.Equal(
            [read, run, change],
            [await StatusAsync(app, "/read", token), await StatusAsync(app, "/run", token), await StatusAsync(app, "/change", token)]);
    }

    [Fact]
    public async Task Token_Missing_IsAProblemThatSaysHowToSendOne()
    {
        await using var app = await StartAsync(Tokens);
        using var response = await app.GetTestClient().GetAsync("/read", Cancellation);

        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Contains("Authorization: Bearer", await ProblemAsync(response, HttpStatusCode.Unauthorized), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_OfTooSmallARole_IsToldWhichOneIsNeededAndWhoAsks()
    {
        await using var app = await StartAsync(Tokens);
        using var response = await SendAsync(app, "/change", Operator);

        var detail = await ProblemAsync(response, HttpStatusCode.Forbidden);
        Assert.Contains("needs the role admin", detail, StringComparison.Ordinal);
        Assert.Contains("'night shift' has the role operator", detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("any token, even a wrong one")]
    public async Task WithoutTokens_CallerOnThisMachine_IsAdmin(string? token)
    {
        await using var app = await StartAsync([]);
        using var response = await SendAsync(app, "/change", token);

        Assert.Equal("anonymous", await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("192.0.2.7", "localhost", null)]
    [InlineData("127.0.0.1", "pipeline.example.com", null)]
    [InlineData("127.0.0.1", "localhost", "cross-site")]
    [InlineData("127.0.0.1", "localhost", "same-site")]
    public async Task WithoutTokens_AnybodyElse_IsRefused(string address, string host, string? site)
    {
        await using var app = await StartAsync([]);

        var context = await app.GetTestServer().SendAsync(request =>
        {
            request.Connection.RemoteIpAddress = IPAddress.Parse(address);
            request.Request.Host = new HostString(host);
            request.Request.Path = "/read";
            request.Request.Headers["Sec-Fetch-Site"] = site;
        }, Cancellation);

        Assert.Equal(403, context.Response.StatusCode);
    }

    [Theory]
    [InlineData("urls", "http://0.0.0.0:5080")]
    [InlineData("urls", "http://localhost:5080;http://*:5081")]
    [InlineData("urls", "http://[::]:5080")]
    [InlineData("urls", "http://192.0.2.7:5080")]
    [InlineData("http_ports", "8080")]
    [InlineData("Kestrel:Endpoints:Public:Url", "https://pipeline.example.com")]
    public async Task Start_BeyondLoopbackWithoutTokens_IsRefused(string setting, string value)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync([setting, value]));

        Assert.Contains("can be reached from other machines", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Security:Tokens:0:Value", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("urls", "http://localhost:5080;http://127.0.0.1:5081;http://[::1]:5082")]
    [InlineData("urls", "http://unix:/run/pipeline.sock")]
    [InlineData("Kestrel:Endpoints:Local:Url", "http://localhost:5080", "urls", "http://0.0.0.0:5080")]
    [InlineData("urls", "http://localhost:5080", "http_ports", "8080")]
    public async Task Start_OnLoopbackWithoutTokens_IsAllowed(params string[] settings)
    {
        await using var app = await StartAsync(settings);

        Assert.Equal(200, await StatusAsync(app, "/read", null));
    }

    [Fact]
    public async Task Start_BeyondLoopbackWithTokens_IsAllowed()
    {
        await using var app = await StartAsync(["urls", "http://0.0.0.0:5080", .. Tokens]);

        Assert.Equal(200, await StatusAsync(app, "/read", Viewer));
    }

    [Fact]
    public async Task Settings_Wrong_AreAllNamedAndTheSecretIsNot()
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(
        [
            "Security:Tokens:0:Value", "short-secret", "Security:Tokens:0:Role", "root",
            "Security:Tokens:1:Value", Admin, "Security:Tokens:1:Role", "admin", "Security:Tokens:2:Value", Admin, "Security:Tokens:2:Role", "viewer",
        ]));

        Assert.Contains("Security:Tokens:0:Value", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Security:Tokens:0:Role must be one of viewer, operator, admin; it is 'root'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("one value twice", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("short-secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Endpoints_OfTheApi_AllNeedARoleAndMoreToChangeThanToRead()
    {
        using var directory = new TempDirectory();
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["Data:Directory"] = directory.FullPath;
        builder.AddRecordLog();
        builder.AddResultStore();
        builder.AddIngest();
        builder.AddDashboard();
        using var app = (IDisposable)builder.Build();
        var web = (WebApplication)app;
        web.MapIngestApi();
        web.MapDashboard();

        var endpoints = ((IEndpointRouteBuilder)web).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal))
            .ToArray();
        var open = endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(endpoint => endpoint.RoutePattern.RawText!);
        Assert.Equal(["/api/v2/monitor/health", "/api/v2/version"], open.Order(StringComparer.Ordinal));

        Assert.True(endpoints.Length > 100);
        Assert.All(endpoints, endpoint =>
        {
            var roles = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy).ToArray();

            // A list whose query is too long for a URL is asked for with a body.
            var reads = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.All(HttpMethods.IsGet) || endpoint.RoutePattern.RawText!.EndsWith("/list", StringComparison.Ordinal);
            Assert.Contains(roles, role => role is ApiRoles.Operator or ApiRoles.Admin || (reads && role == ApiRoles.Viewer));
        });
    }

    private static async Task<WebApplication> StartAsync(string[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(settings.Chunk(2).Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1])));
        builder.AddApiSecurity();
        var app = builder.Build();
        app.MapGet("/read", () => "read").RequireRole(ApiRoles.Viewer);
        app.MapGet("/run", () => "run").RequireRole(ApiRoles.Operator);
        app.MapGet("/change", (HttpContext context) => context.User.Identity!.Name).RequireRole(ApiRoles.Admin);
        try
        {
            await app.StartAsync(Cancellation);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private static async Task<int> StatusAsync(WebApplication app, string path, string? token)
    {
        using var response = await SendAsync(app, path, token);
        return (int)response.StatusCode;
    }

    private static Task<HttpResponseMessage> SendAsync(WebApplication app, string path, string? token)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return app.GetTestClient().SendAsync(request, Cancellation);
    }

    private static async Task<string> ProblemAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync(Cancellation)).GetProperty("detail").GetString()!;
    }
}
