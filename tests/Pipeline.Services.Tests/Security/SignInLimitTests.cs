using System.Net;
using Pipeline.Services.Tests.Dashboard;

namespace Pipeline.Services.Tests.Security;

/// <summary>Uses up the tries of its host.</summary>
public sealed class SignInLimitTests(SignInTests.Host host) : DashboardFixture(host), IClassFixture<SignInTests.Host>
{
    [Fact]
    public async Task SignIn_TriedTooOften_IsRefusedForAWhile()
    {
        for (var i = 0; i < Pipeline.Dashboard.Page.PageLimits.SignInsPerMinute; i++)
        {
            Assert.NotEqual(HttpStatusCode.TooManyRequests, await TryAsync());
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, await TryAsync());

        async Task<HttpStatusCode> TryAsync()
        {
            using var content = new FormUrlEncodedContent([new("token", "guess"), new("to", "/")]);
            using var response = await Client.PostAsync("/sign-in", content, TestContext.Current.CancellationToken);
            return response.StatusCode;
        }
    }
}
