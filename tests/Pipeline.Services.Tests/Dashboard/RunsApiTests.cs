using System.Net;
using System.Text.Json;
using Pipeline.Scheduling;

namespace Pipeline.Services.Tests.Dashboard;

public sealed class RunsApiTests : DashboardFixture
{
    [Fact]
    public async Task Runs_NoneYet_IsAnEmptyPage()
    {
        var page = await GetAsync("/api/runs");

        Assert.Equal(0, page.GetProperty("items").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next_cursor").ValueKind);
    }

    [Fact]
    public async Task Runs_Triggered_AreQueuedInAirflowsWords()
    {
        await Operations.TriggerAsync("kafka_stream", new TriggerRequest(), new Actor("test"), TestContext.Current.CancellationToken);

        var run = (await GetAsync("/api/runs")).GetProperty("items")[0];

        Assert.Equal("kafka_stream", run.GetProperty("dag_id").GetString());
        Assert.Equal("queued", run.GetProperty("state").GetString());
        Assert.Equal("manual", run.GetProperty("run_type").GetString());
    }

    [Fact]
    public async Task Runs_MoreThanAPage_ContinueWithTheCursor()
    {
        for (var i = 0; i < 3; i++)
        {
            await Operations.TriggerAsync("kafka_stream", new TriggerRequest(), new Actor("test"), TestContext.Current.CancellationToken);
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var first = await GetAsync("/api/runs?limit=2");
        var second = await GetAsync($"/api/runs?limit=2&cursor={first.GetProperty("next_cursor").GetString()}");

        var ids = first.GetProperty("items").EnumerateArray().Concat(second.GetProperty("items").EnumerateArray()).Select(r => r.GetProperty("run_id").GetString()).ToArray();
        Assert.Equal(3, ids.Distinct().Count());
        Assert.Equal(ids.OrderDescending(StringComparer.Ordinal), ids);
    }

    [Fact]
    public async Task Runs_BadCursor_IsNamedInTheProblem()
    {
        var problem = await GetProblemAsync("/api/runs?cursor=last", HttpStatusCode.BadRequest);

        Assert.Equal(["cursor"], problem.GetProperty("errors").EnumerateObject().Select(p => p.Name));
    }
}
