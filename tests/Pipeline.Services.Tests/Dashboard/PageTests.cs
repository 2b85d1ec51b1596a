using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Services.Tests.Dashboard;

public sealed partial class PageTests(DashboardHost host) : DashboardFixture(host), IClassFixture<DashboardHost>
{
    [Theory]
    [InlineData("/")]
    [InlineData("/topics")]
    [InlineData("/quality")]
    [InlineData("/analytics")]
    [InlineData("/dead-letters")]
    [InlineData("/runs")]
    [InlineData("/components")]
    public async Task Page_AndEveryFileItNames_IsServed(string path)
    {
        var html = await Client.GetStringAsync(path, TestContext.Current.CancellationToken);

        foreach (Match match in LocalReference().Matches(html))
        {
            var address = WebUtility.HtmlDecode(match.Groups[1].Value);
            using var response = await Client.GetAsync(address, TestContext.Current.CancellationToken);
            Assert.True(response.IsSuccessStatusCode || address is "/health" or "/alive" or "/metrics", $"{path} names {address}: {response.StatusCode}");
        }
    }

    [Fact]
    public async Task Page_OwnFiles_NameNothingOutside()
    {
        foreach (var file in new[] { "/", "/page/app.css", "/page/app.js", "/page/chart.js" })
        {
            var text = await Client.GetStringAsync(file, TestContext.Current.CancellationToken);
            Assert.DoesNotMatch("https?://(?!www\\.w3\\.org/2000/svg)", text);
            Assert.DoesNotContain("innerHTML", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Page_Headers_AllowOnlyItsOwnCode()
    {
        using var response = await Client.GetAsync("/", TestContext.Current.CancellationToken);

        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'; script-src 'self'; style-src 'self'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task Page_AskedAgainUnchanged_IsNotSentAgain()
    {
        using var first = await Client.GetAsync("/page/app.js", TestContext.Current.CancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/page/app.js");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        using var second = await Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task Page_FileNamedByItsVersion_IsKeptForGood()
    {
        var html = await Client.GetStringAsync("/", TestContext.Current.CancellationToken);
        var address = LocalReference().Matches(html).Select(m => m.Groups[1].Value).First(a => a.StartsWith("/page/app.css?v=", StringComparison.Ordinal));

        using var named = await Client.GetAsync(address, TestContext.Current.CancellationToken);
        using var unnamed = await Client.GetAsync("/page/app.css", TestContext.Current.CancellationToken);

        Assert.Contains("immutable", named.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.True(unnamed.Headers.CacheControl!.NoCache);
    }

    [Fact]
    public async Task OpenApi_Document_DescribesEveryPath()
    {
        var document = await GetAsync("/openapi/v1.json");

        string[] expected = ["/api/dead-letters", "/api/events", "/api/events/{event_id}", "/api/late", "/api/quality", "/api/runs", "/api/sessions", "/api/status", "/api/windows"];
        Assert.Subset(document.GetProperty("paths").EnumerateObject().Select(p => p.Name).ToHashSet(), expected.ToHashSet());
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            Assert.True(path.Value.GetProperty("get").TryGetProperty("summary", out _), path.Name);
        }
    }

    [Fact]
    public async Task OpenApi_Parameters_HaveFormatsDescriptionsAndExamples()
    {
        var document = await GetAsync("/openapi/v1.json");

        var parameters = document.GetProperty("paths").GetProperty("/api/events").GetProperty("get").GetProperty("parameters").EnumerateArray().ToDictionary(p => p.GetProperty("name").GetString()!);
        Assert.Equal("date-time", parameters["from"].GetProperty("schema").GetProperty("format").GetString());
        Assert.Equal("uuid", parameters["user_id"].GetProperty("schema").GetProperty("format").GetString());
        Assert.All(parameters.Values.Where(p => p.GetProperty("name").GetString() != "cursor"), p => Assert.True(p.TryGetProperty("example", out _)));
        Assert.All(parameters.Values, p => Assert.NotEqual(JsonValueKind.Undefined, p.GetProperty("description").ValueKind));
    }

    [GeneratedRegex("(?:href|src)=\"(/[^\"]*)\"")]
    private static partial Regex LocalReference();
}
