using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using Pipeline.EndToEnd.Tests.Kit;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.EndToEnd.Tests.Pages;

/// <summary>What a person does with runs, by clicking alone; what came of it is read from the API.</summary>
public sealed class RunsPageTests(BrowserFixture browser)
{
    private static readonly string[] Settings = ["--Activity:Enabled=false", "--Ingest:Interval=1h", "--Ingest:UsersPerRun=3", "--Ingest:Retries=0"];

    [Fact]
    public async Task FailedRun_FoundAndRetried_Succeeds()
    {
        using var directory = new TempDirectory();
        var failing = true;
        await using var source = await SourceStub.StartAsync((context, _) => Answer(context, Volatile.Read(ref failing)));
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Settings, $"--Ingest:BaseUrl={source.BaseUrl}"]);
        await pipeline.RunInStateAsync("failed");
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/");

        // The way of somebody who has never seen it: the page of runs, those that failed, the run, the button.
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Runs", Exact = true }).ClickAsync();
        await page.Page.GetByLabel("State").SelectOptionAsync("failed");
        await page.AtAsync("state=failed");
        await page.Page.GetByRole(AriaRole.Region, new() { Name = "Runs", Exact = true }).Locator("tbody tr").Filter(new() { HasText = "failed" }).First.GetByRole(AriaRole.Link).First.ClickAsync();
        await Expect(page.Page.Locator("[data-figure=run-state]")).ToHaveTextAsync("failed");
        Assert.Empty(await page.AccessibilityProblemsAsync());
        Volatile.Write(ref failing, false);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Retry failed tasks…" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Dialog).GetByText("get_data").WaitForAsync();
        Assert.Empty(await page.AccessibilityProblemsAsync());
        await page.Page.GetByLabel("Reason, for the audit log").FillAsync("the source is back");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Retry", Exact = true }).ClickAsync();
        await Expect(page.Page.Locator("[data-figure=run-state]")).ToHaveTextAsync("success");

        var clear = (await pipeline.GetAsync("/api/v2/eventLogs?event=clear")).GetProperty("event_logs").EnumerateArray().Single();
        Assert.Equal("anonymous", clear.GetProperty("owner").GetString());
        Assert.Contains("the source is back", clear.GetProperty("extra").GetString(), StringComparison.Ordinal);

        // The first try stays, with what it logged and why it failed.
        await page.Page.GetByRole(AriaRole.Region, new() { Name = "Tasks over time" }).GetByRole(AriaRole.Link, new() { Name = "get_data" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Group, new() { Name = "Try" }).GetByRole(AriaRole.Link).First.ClickAsync();
        await page.Page.GetByRole(AriaRole.Region, new() { Name = "Log of try 1" }).WaitForAsync();
        await page.Page.Locator("#task .notice.bad").WaitForAsync();
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Trigger_WithTheFormOfItsParams_RunsWithThem()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Settings);
        await pipeline.RunInStateAsync("success");
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/runs/kafka_stream");

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Trigger…" }).ClickAsync();
        await page.Page.GetByLabel("users").WaitForAsync();
        Assert.Empty(await page.AccessibilityProblemsAsync());
        await page.Page.GetByLabel("users").FillAsync("7");
        await page.Page.GetByLabel("Run id").FillAsync("by-hand");
        await page.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Trigger", Exact = true }).ClickAsync();
        await page.AtAsync("run=by-hand");
        await Expect(page.Page.Locator("[data-figure=run-state]")).ToHaveTextAsync("success");

        var run = await pipeline.GetAsync("/api/v2/dags/kafka_stream/dagRuns/by-hand");
        Assert.Equal(7, run.GetProperty("conf").GetProperty("users").GetInt32());
        Assert.Equal("ui", run.GetProperty("triggered_by").GetString());
        await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Stored == 10);

        // The same id again: refused in the dialog, in words.
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Trigger…" }).ClickAsync();
        await page.Page.GetByLabel("Run id").FillAsync("by-hand");
        await page.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Trigger", Exact = true }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Dialog).GetByText("has a run 'by-hand' already").WaitForAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task MarkPauseAndBackfill_AsAsked_AreDoneAndNoted()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Settings);
        var run = (await pipeline.RunInStateAsync("success")).GetProperty("run_id").GetString()!;
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, $"/runs/kafka_stream?run={Uri.EscapeDataString(run)}");

        await ConfirmAsync("Mark failed…", "Mark failed");
        await Expect(page.Page.Locator("[data-figure=run-state]")).ToHaveTextAsync("failed");
        await ConfirmAsync("Pause…", "Pause");
        await page.Page.GetByText("The DAG is paused.").WaitForAsync();
        Assert.True((await pipeline.GetAsync("/api/v2/dags/kafka_stream")).GetProperty("is_paused").GetBoolean());
        await ConfirmAsync("Resume…", "Resume");
        await page.Page.GetByText("The DAG is resumed.").WaitForAsync();

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Backfill…" }).ClickAsync();
        var today = DateTime.UtcNow.Date;
        await page.Page.GetByLabel("First logical date").FillAsync(today.AddDays(-1).ToString("yyyy-MM-dd'T'01:00", System.Globalization.CultureInfo.InvariantCulture));
        await page.Page.GetByLabel("Last logical date").FillAsync(today.AddDays(-1).ToString("yyyy-MM-dd'T'03:00", System.Globalization.CultureInfo.InvariantCulture));
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Dry run" }).ClickAsync();
        await Expect(page.Page.Locator("[data-figure=planned] p").First).ToHaveTextAsync("3 of 3 intervals would run.");
        Assert.Empty(await page.AccessibilityProblemsAsync());
        Assert.Empty((await pipeline.GetAsync("/api/v2/backfills?dag_id=kafka_stream")).GetProperty("backfills").EnumerateArray());
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Start the backfill" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Region, new() { Name = "Backfills and how far they are" }).Locator("tbody td").Nth(5)).ToHaveTextAsync("3 success, 0 failed, 0 running, 0 queued, 0 left");

        var events = (await pipeline.GetAsync("/api/v2/eventLogs?dag_id=kafka_stream&limit=100")).GetProperty("event_logs").EnumerateArray().Select(e => e.GetProperty("event").GetString()).ToArray();
        Assert.Superset(new HashSet<string?> { "pause", "unpause", "create_backfill" }, events.ToHashSet());
        Assert.Empty(page.Complaints);

        async Task ConfirmAsync(string open, string confirm)
        {
            await page.Page.GetByRole(AriaRole.Button, new() { Name = open, Exact = true }).ClickAsync();
            await page.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = confirm, Exact = true }).ClickAsync();
            await Expect(page.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        }
    }

    private static Task Answer(HttpContext context, bool fails)
    {
        if (fails)
        {
            context.Response.StatusCode = (int)HttpStatusCode.InternalServerError;
            return Task.CompletedTask;
        }

        return SourceStub.JsonAsync(context, SourceFaultTests.GoodPage(context));
    }
}
