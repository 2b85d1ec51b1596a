using System.Net;

namespace Pipeline.Services.Tests.Simulator;

public sealed class RateLimitTests
{
    [Fact]
    public async Task Limit_OnceReached_Answers429WithTheGenuineBody()
    {
        await using var host = await SimulatorHost.StartAsync();
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/?results=5000&inc=nat")).StatusCode);
        }

        var refused = await host.GetAsync("/api/");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Null(refused.Headers.RetryAfter);
        Assert.StartsWith(
            "{\"error\":\"Whoa, ease up there cowboy. You've requested 20000 users in the last minute.",
            await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limit_CrossedByACall_StillAnswersThatCall()
    {
        await using var host = await SimulatorHost.StartAsync("", ("Simulator:RateLimit:Users", "100"));
        await host.GetAsync("/api/?results=99");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/?results=50")).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.GetAsync("/api/")).StatusCode);
    }

    [Fact]
    public async Task Limit_InTheNextWindow_StartsAtZero()
    {
        await using var host = await SimulatorHost.StartAsync("", ("Simulator:RateLimit:Users", "10"));
        host.Time.Advance(TimeSpan.FromMinutes(4));
        await host.GetAsync("/api/?results=10");
        host.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.GetAsync("/api/")).StatusCode);

        // Windows start with the service, not with the client's first call.
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/")).StatusCode);
    }

    [Fact]
    public async Task Limit_OfOneClient_LeavesOthersAlone()
    {
        await using var host = await SimulatorHost.StartAsync("", ("Simulator:RateLimit:Users", "10"));
        await host.GetAsync("/api/?results=10");
        host.Client.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.7");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/")).StatusCode);
    }

    [Fact]
    public async Task Limit_SwitchedOff_NeverRefuses()
    {
        await using var host = await SimulatorHost.StartAsync("", ("Simulator:RateLimit:Enabled", "false"), ("Simulator:RateLimit:Users", "1"));
        await host.GetAsync("/api/?results=10");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/")).StatusCode);
    }
}
