using System.Net;
using System.Text;
using System.Text.Json;
using Pipeline.Dashboard.Views;
using Pipeline.Services.Tests.Dashboard;
using Pipeline.Storage;

namespace Pipeline.Services.Tests.Security;

/// <summary>Personal fields of the contract do not reach a viewer, on no page and by no query; an operator sees them.</summary>
public sealed class RedactionTests(RedactionTests.Host host) : DashboardFixture(host), IClassFixture<RedactionTests.Host>
{
    private const string Viewer = "viewer-0123456789";
    private const string Operator = "operator-0123456789";
    private const string Secret = "ada@example.com";
    private const string Event = """{"event_type":"profile","first_name":"Ada","last_name":"Byron","email":"ada@example.com","age":36,"nationality":"GB","run_id":"r1"}""";

    [Theory]
    [InlineData("/")]
    [InlineData("/dead-letters?range=all")]
    [InlineData("/dead-letters?range=all&at=users_topic%2F0%2F7%2F1777636800000&search=ada")]
    [InlineData("/api/events")]
    [InlineData("/api/late")]
    [InlineData("/api/dead-letters")]
    public async Task PersonalFields_AreKeptFromViewers(string path)
    {
        Fill();

        var asViewer = await GetTextAsync(path, Viewer);
        Assert.DoesNotContain("Ada", asViewer, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, asViewer, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(Event)), asViewer, StringComparison.Ordinal);
        Assert.Contains("Ada", await GetTextAsync(path, Operator), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dead-letters/export?range=all")]
    [InlineData("/dead-letters/original?at=x")]
    public async Task OriginalBytes_AreForOperators(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Authorization", $"Bearer {Viewer}");
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task ApiData_ForAViewer_IsStillJsonWithTheOpenFields()
    {
        Fill();

        var data = JsonElement.Parse(await GetTextAsync("/api/events", Viewer)).GetProperty("items")[0].GetProperty("data");

        Assert.Equal(["event_type", "run_id"], data.EnumerateObject().Select(field => field.Name));
    }

    [Fact]
    public void Mask_Json_KeepsPlacesAndOpenFields()
    {
        var masked = Redaction.Mask(Event);

        Assert.Equal(Event.Length, masked.Length);
        Assert.Equal("""{"event_type":"profile","first_name":"***","last_name":"*****","email":"***************","age":**,"nationality":"**","run_id":"r1"}""", masked);
    }

    [Theory]
    [InlineData("""{"event_type":"x","email":"ada@ex""", """{"event_type":"x","email":"***@**""")]
    [InlineData("""{"names":[{"event_type":"x"},"Ada"]}""", """{"names":[{"event_type":"x"},"***"]}""")]
    [InlineData("""{"event_type":["Ada"],"e-mail":{"email":"Ada"}}""", """{"event_type":["***"],"e-mail":{"email":"***"}}""")]
    [InlineData("\"Ada\"", "\"***\"")]
    [InlineData("Ada Byron, 36", "*** *****, **")]
    [InlineData("", "")]
    public void Mask_WhatIsNoEvent_ShowsNothingThatIsNotKnownToBeOpen(string value, string expected) => Assert.Equal(expected, Redaction.Mask(value));

    public sealed class Host() : DashboardHost(
        "Security:Tokens:0:Value", Viewer, "Security:Tokens:0:Role", "viewer", "Security:Tokens:1:Value", Operator, "Security:Tokens:1:Role", "operator");

    private void Fill()
    {
        var data = Encoding.UTF8.GetBytes(Event);
        var at = Now.ToUnixTimeMilliseconds();
        Store.Events.Add(new StoredEvent(Guid.NewGuid(), Guid.NewGuid(), "profile", at, at, "users_topic", 0, 6, "GB", "United Kingdom", "Europe", "female", "35-44", 0, data));
        Store.Late.Add(new LateEvent(Guid.NewGuid(), Guid.NewGuid(), "profile", at, 1000, at, "users_topic", 0, 5, data));
        Store.DeadLetters.Add(new DeadLetterEntry("users_topic", 0, 7, "missing_field", "schema.required", "The field 'dob' is missing.", -1, at, at, "u"u8.ToArray(), data));
    }

    private async Task<string> GetTextAsync(string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Authorization", $"Bearer {token}");
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
