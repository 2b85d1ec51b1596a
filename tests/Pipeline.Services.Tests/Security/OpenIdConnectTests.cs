using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;
using Pipeline.Services.Tests.Dashboard;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Security;

/// <summary>Signing in at a provider, over real connections as a browser makes them.</summary>
public sealed class OpenIdConnectTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly HttpClientHandler _handler = new() { AllowAutoRedirect = true, UseCookies = true };
    private StubProvider _provider = null!;
    private WebApplication _app = null!;
    private HttpClient _browser = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _provider = await StubProvider.StartAsync();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["Data:Directory"] = _directory.FullPath;
        Set(builder.Configuration, _provider.Authority);
        builder.Configuration["Security:OpenIdConnect:ClientSecret"] = "the-secret";
        builder.Configuration["Security:OpenIdConnect:RoleClaim"] = "groups";
        builder.Configuration["Security:OpenIdConnect:OperatorValue"] = "data-operators";
        builder.Services.AddSingleton<IRecordLog>(new StubLog());
        builder.Services.AddSingleton<IResultStore>(new StubStore());
        builder.AddSchedulingQueries();
        builder.AddDashboard();
        _app = builder.Build();
        _app.MapDashboard();
        _app.MapGet("/who", (HttpContext context) => $"{context.User.Identity!.Name} {ApiRoles.Holds(context.User, ApiRoles.Operator)} {ApiRoles.Holds(context.User, ApiRoles.Admin)}").RequireRole(ApiRoles.Viewer);
        await _app.StartAsync(Cancellation);
        _browser = new HttpClient(_handler) { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        _handler.Dispose();
        await _app.DisposeAsync();
        await _provider.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Page_WithoutASession_OffersTheProviderAndNoToken()
    {
        var html = await _browser.GetStringAsync("/runs?state=failed", Cancellation);

        Assert.Contains("/sign-in/provider?to=%2Fruns%3Fstate%3Dfailed", html, StringComparison.Ordinal);
        Assert.DoesNotContain("name=\"token\"", html, StringComparison.Ordinal);
        using var api = await _browser.GetAsync("/api/status", Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, api.StatusCode);
    }

    [Theory]
    [InlineData("data-operators", "ada True False")]
    [InlineData("viewer", "ada False False")]
    [InlineData("admin", "ada True True")]
    public async Task SignIn_AtTheProvider_OpensThePageThatWasAskedForWithTheRoleOfTheClaim(string group, string expected)
    {
        _provider.Claims = new() { ["preferred_username"] = "ada", ["groups"] = new[] { "everybody", group } };

        using var page = await _browser.GetAsync("/sign-in/provider?to=%2Fruns%3Fstate%3Dfailed", Cancellation);

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("/runs?state=failed", page.RequestMessage!.RequestUri!.PathAndQuery);
        Assert.Equal(expected, await _browser.GetStringAsync("/who", Cancellation));
    }

    [Fact]
    public async Task SignIn_WithoutARole_OpensNothingAndSaysWhy()
    {
        _provider.Claims = new() { ["groups"] = "everybody" };
        using var page = await _browser.GetAsync("/sign-in/provider?to=/", Cancellation);

        Assert.Equal(HttpStatusCode.Forbidden, page.StatusCode);
        Assert.Contains("'user-1' has none here", await page.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignIn_WithATokenOfSomebodyElse_IsRefused()
    {
        (_provider.Claims, _provider.SignsFalsely) = (new() { ["groups"] = "admin" }, true);
        using var page = await _browser.GetAsync("/sign-in/provider?to=/", Cancellation);

        Assert.Equal("/sign-in?failed=true", page.RequestMessage!.RequestUri!.PathAndQuery);
        Assert.Contains("Signing in did not work", await page.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        using var who = await _browser.GetAsync("/api/status", Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, who.StatusCode);
    }

    [Fact]
    public async Task Session_OfASignIn_OpensTheApiToOurOwnPagesOnlyAndEndsWithTheSignOut()
    {
        _provider.Claims = new() { ["groups"] = "viewer" };
        using var page = await _browser.GetAsync("/sign-in/provider?to=/who", Cancellation);
        Assert.Equal("user-1 False False", await page.Content.ReadAsStringAsync(Cancellation));

        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/who");
        foreign.Headers.Add("Sec-Fetch-Site", "cross-site");
        using var refused = await _browser.SendAsync(foreign, Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        using var signedOut = await _browser.PostAsync("/sign-out", null, Cancellation);
        using var after = await _browser.GetAsync("/who", Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Theory]
    [InlineData("http://login.example.org", "pipeline", "must be an absolute https address")]
    [InlineData("login", "pipeline", "must be an absolute https address")]
    [InlineData("https://login.example.org", "", "ClientId is empty")]
    [InlineData("", "pipeline", "Authority is missing")]
    public void Settings_ThatCannotWork_AreRefusedWithWhatIsWrong(string authority, string clientId, string message)
    {
        var builder = Host.CreateApplicationBuilder();
        Set(builder.Configuration, authority, clientId);
        builder.AddApiSecurity();
        using var host = builder.Build();

        var error = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IOptions<SecurityOptions>>().Value);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("https://login.example.org", true)]
    public void Host_BeyondThisMachine_StartsOnlyWithAWayToSignIn(string? authority, bool isAllowed)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration["urls"] = "http://0.0.0.0:5080";
        if (authority is not null)
        {
            Set(builder.Configuration, authority);
        }

        builder.AddApiSecurity();
        using var host = builder.Build();
        var options = host.Services.GetRequiredService<IOptions<SecurityOptions>>();

        Assert.Equal(isAllowed, Record.Exception(() => options.Value) is null);
    }

    private static void Set(Microsoft.Extensions.Configuration.ConfigurationManager configuration, string authority, string clientId = "pipeline")
    {
        configuration["Security:OpenIdConnect:Authority"] = authority;
        configuration["Security:OpenIdConnect:ClientId"] = clientId;
    }
}
