using System.Net;
using Pipeline.Services.Tests.Dashboard;

namespace Pipeline.Services.Tests.Security;

/// <summary>A browser's way in: a token typed once, then a cookie.</summary>
public sealed class SignInTests(SignInTests.Host host) : DashboardFixture(host), IClassFixture<SignInTests.Host>
{
    private const string Token = "viewer-0123456789";

    [Theory]
    [InlineData("/dead-letters?range=7d")]
    [InlineData("/dead-letters/export?format=csv")]
    [InlineData("/")]
    public async Task Page_WithoutAToken_LeadsToTheSignIn(string path)
    {
        using var response = await SendAsync(HttpMethod.Get, path);

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal($"/sign-in?to={Uri.EscapeDataString(path)}", response.Headers.Location!.OriginalString);
    }

    [Theory]
    [InlineData("/api/status", "GET")]
    [InlineData("/_blazor/negotiate?negotiateVersion=1", "POST")]
    public async Task ProgramEndpoint_WithoutAToken_IsRefused(string path, string method)
    {
        using var response = await SendAsync(new HttpMethod(method), path);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData(null, null, HttpStatusCode.OK)]
    [InlineData("same-origin", "http://localhost", HttpStatusCode.OK)]
    [InlineData("cross-site", null, HttpStatusCode.Unauthorized)]
    [InlineData("same-site", null, HttpStatusCode.Unauthorized)]
    [InlineData(null, "http://evil.example", HttpStatusCode.Unauthorized)]
    public async Task Cookie_OfAToken_OpensTheApiToOurOwnPagesOnly(string? fetchSite, string? origin, HttpStatusCode expected)
    {
        using var response = await SendAsync(HttpMethod.Get, "/api/status", ("Cookie", $"pipeline-token={Token}"), ("Sec-Fetch-Site", fetchSite), ("Origin", origin));

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Cookie_FollowingALinkFromElsewhere_OpensThePage()
    {
        using var response = await SendAsync(HttpMethod.Get, "/runs", ("Cookie", $"pipeline-token={Token}"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Cookie_WithAnotherToken_OpensNothing()
    {
        using var response = await SendAsync(HttpMethod.Get, "/api/status", ("Cookie", "pipeline-token=viewer-0123456780"));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example")]
    public async Task SignIn_WithATargetElsewhere_LeadsHome(string to)
    {
        var html = await Client.GetStringAsync($"/sign-in?to={Uri.EscapeDataString(to)}", TestContext.Current.CancellationToken);

        Assert.Contains("name=\"to\" value=\"/\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignIn_WithoutTheFormsOwnToken_IsRefused()
    {
        using var content = new FormUrlEncodedContent([new("token", Token), new("to", "/")]);
        using var response = await Client.PostAsync("/sign-in", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    public sealed class Host() : DashboardHost("Security:Tokens:0:Value", Token, "Security:Tokens:0:Role", "viewer");

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers.Where(h => h.Value is not null))
        {
            request.Headers.Add(name, value);
        }

        return await Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
