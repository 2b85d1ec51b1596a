using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>What a person does with runs, by clicking alone; what came of it is read from the API.</summary>
[Collection(nameof(PagesCollection))]
public sealed class RunsPageTests(BrowserFixture browser, ActingPipeline acting)
{
    [Fact]
    public async Task FailedRun_FoundAndRetried_Succeeds()
    {
        var pipeline = await acting.GetAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/");

        // The way of somebody who has never seen it: the page of runs, those that failed, the run, the button.
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Runs", Exact = true }).ClickAsync();
        await page.Page.GetByLabel("State").SelectOptionAsync("failed");
        await page.AtAsync("state=failed");
        await page.Page.Locator($"main tbody a[href$='?run={Uri.EscapeDataString(acting.FailedRun)}']").Last.ClickAsync();
        await Expect(State(page)).ToHaveTextAsync("failed");
        Assert.Empty(await page.AccessibilityProblemsAsync());
        await page.ConfirmAsync("Retry failed tasks…", "Retry", async () =>
        {
            await page.Dialog.GetByText("get_data").WaitForAsync();
            Assert.Empty(await page.AccessibilityProblemsAsync());
            await page.Page.GetByLabel("Reason, for the audit log").FillAsync("the source is back");
        });
        await Expect(State(page)).ToHaveTextAsync("success");

        var clear = (await EventsAsync(pipeline, acting.FailedRun)).Single(e => e.GetProperty("event").GetString() == "clear");
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
        var pipeline = await acting.GetAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/runs/kafka_stream");

        await page.ConfirmAsync("Trigger…", "Trigger", async () =>
        {
            await page.Page.GetByLabel("users").FillAsync("7");
            await page.Page.GetByLabel("Run id").FillAsync("by-hand");
            Assert.Empty(await page.AccessibilityProblemsAsync());
        });
        await page.AtAsync("run=by-hand");
        await Expect(State(page)).ToHaveTextAsync("success");

        var run = await pipeline.GetAsync("/api/v2/dags/kafka_stream/dagRuns/by-hand");
        Assert.Equal(7, run.GetProperty("conf").GetProperty("users").GetInt32());
        Assert.Equal("ui", run.GetProperty("triggered_by").GetString());
        await Eventually.TrueAsync(async () => await StoredOfRunAsync(pipeline, "by-hand") == 7, TimeSpan.FromSeconds(60));

        // The same id again: refused in the dialog, in words.
        await page.OpenDialogAsync(page.Page.GetByRole(AriaRole.Button, new() { Name = "Trigger…" }));
        await page.Page.GetByLabel("Run id").FillAsync("by-hand");
        await page.Dialog.GetByRole(AriaRole.Button, new() { Name = "Trigger", Exact = true }).ClickAsync();
        await page.Dialog.GetByText("has a run 'by-hand' already").WaitForAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Dialog).ToHaveCountAsync(0);
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task RunAndTasks_ClearedAndMarked_AreAsSaid()
    {
        const string Run = "to-be-marked";
        var pipeline = await acting.WithRunAsync(Run);
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, $"/runs/kafka_stream?run={Run}");

        await page.ConfirmAsync("Mark failed…", "Mark failed", async () => Assert.Empty(await page.AccessibilityProblemsAsync()));
        await Expect(State(page)).ToHaveTextAsync("failed");
        await page.ConfirmAsync("Mark success…", "Mark success");
        await Expect(State(page)).ToHaveTextAsync("success");
        await page.ConfirmAsync("Clear all…", "Clear");
        await page.Page.GetByText("3 task instances run again.").WaitForAsync();
        await RanAsync(pipeline, Run, tries: [2, 2, 2]);

        var tasks = page.Page.GetByRole(AriaRole.Region, new() { Name = "Tasks over time" }).GetByRole(AriaRole.Link);
        await tasks.Nth(1).ClickAsync();
        await page.ConfirmAsync("Clear it and what follows…", "Clear", async () => await Expect(page.Dialog.Locator(".affected li")).ToHaveCountAsync(2));
        await page.Page.GetByText("2 task instances run again.").WaitForAsync();
        await RanAsync(pipeline, Run, tries: [3, 2, 3]);

        // What is pressed is of the task that is shown.
        await tasks.Last.ClickAsync();
        await page.Page.Locator("#task h2").GetByText("stream_data").WaitForAsync();
        await page.ConfirmAsync("Clear it alone…", "Clear", async () => await Expect(page.Dialog.Locator(".affected li")).ToHaveCountAsync(1));
        await page.Page.GetByText("1 task instance runs again.").WaitForAsync();
        await RanAsync(pipeline, Run, tries: [3, 2, 4]);
        var panel = page.Page.GetByRole(AriaRole.Region, new() { Name = "The chosen task" });
        foreach (var state in new[] { "failed", "skipped", "success" })
        {
            await page.ConfirmAsync(panel.GetByRole(AriaRole.Button, new() { Name = $"Mark {state}…" }), $"Mark {state}");
            await Expect(panel.Locator("h2 .tag")).ToHaveTextAsync(state);
            Assert.Equal(state, (await TasksAsync(pipeline, Run))[2].GetProperty("state").GetString());
        }

        Assert.Equal(3, (await EventsAsync(pipeline, Run)).Count(e => e.GetProperty("event").GetString() == "clear"));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Dag_PausedAndResumed_IsAsSaid()
    {
        var pipeline = await acting.GetAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/runs/kafka_stream");

        await page.ConfirmAsync("Pause…", "Pause");
        await page.Page.GetByText("The DAG is paused.").WaitForAsync();
        Assert.True((await pipeline.GetAsync("/api/v2/dags/kafka_stream")).GetProperty("is_paused").GetBoolean());
        await page.ConfirmAsync("Resume…", "Resume");
        await page.Page.GetByText("The DAG is resumed.").WaitForAsync();
        Assert.False((await pipeline.GetAsync("/api/v2/dags/kafka_stream")).GetProperty("is_paused").GetBoolean());

        Assert.Superset(new HashSet<string?> { "pause", "unpause" }, (await EventsAsync(pipeline, null)).Select(e => e.GetProperty("event").GetString()).ToHashSet());
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Backfill_TriedAndStarted_MakesItsRuns()
    {
        var pipeline = await acting.GetAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/runs/kafka_stream");

        await BackfillAsync(page, 1, 3, async () =>
        {
            Assert.Empty(await page.AccessibilityProblemsAsync());
            Assert.DoesNotContain(await BackfillsAsync(pipeline), b => b.GetProperty("from_date").GetDateTimeOffset() == Hour(1));
        });

        await Expect(Backfill(page, 1).Locator("td").Nth(5)).ToHaveTextAsync("3 success, 0 failed, 0 running, 0 queued, 0 left");
        Assert.Contains("create_backfill", (await EventsAsync(pipeline, null)).Select(e => e.GetProperty("event").GetString()));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Backfill_PausedResumedAndCancelled_IsAsSaid()
    {
        var pipeline = await acting.GetAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/runs/kafka_stream");

        // A source that does not answer keeps the first run under way, and so the backfill.
        using (acting.HoldSource())
        {
            await BackfillAsync(page, 5, 7);
            var row = Backfill(page, 5);
            await Expect(row.Locator(".tag")).ToHaveTextAsync("running");
            foreach (var (open, confirm, after) in new[] { ("Pause…", "Pause", "paused"), ("Resume…", "Resume", "running") })
            {
                await ConfirmAsync(row, open, confirm);
                await Expect(row.Locator(".tag")).ToHaveTextAsync(after);
                Assert.Equal(after == "paused", (await BackfillsAsync(pipeline)).Single(b => b.GetProperty("from_date").GetDateTimeOffset() == Hour(5)).GetProperty("is_paused").GetBoolean());
            }

            await ConfirmAsync(row, "Cancel…", "Cancel the backfill");
        }

        await Expect(Backfill(page, 5).Locator(".tag")).ToHaveTextAsync("failed");
        Assert.Empty(page.Complaints);

        Task ConfirmAsync(ILocator row, string open, string confirm)
            => page.ConfirmAsync(row.GetByRole(AriaRole.Button, new() { Name = open, Exact = true }), confirm);
    }

    /// <summary>An hour of yesterday.</summary>
    private static DateTimeOffset Hour(int hour) => new(DateTime.UtcNow.Date.AddDays(-1).AddHours(hour), TimeSpan.Zero);

    /// <summary>Starts a backfill of hours of yesterday, the last one included, after its dry run.</summary>
    private static Task BackfillAsync(BrowserPage page, int first, int last, Func<Task>? afterDryRun = null) => page.ConfirmAsync("Backfill…", "Start the backfill", async () =>
    {
        await page.Page.GetByLabel("First logical date").FillAsync(Hour(first).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture));
        await page.Page.GetByLabel("Last logical date").FillAsync(Hour(last).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture));
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Dry run" }).ClickAsync();
        await Expect(page.Page.Locator("[data-figure=planned] p").First).ToHaveTextAsync("3 of 3 intervals would run.");
        await (afterDryRun?.Invoke() ?? Task.CompletedTask);
    });

    private static ILocator Backfill(BrowserPage page, int first)
        => page.Rows("Backfills and how far they are").Filter(new() { HasText = Hour(first).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) });

    private static async Task<JsonElement[]> BackfillsAsync(PipelineProcess pipeline)
        => [.. (await pipeline.GetAsync("/api/v2/backfills?dag_id=kafka_stream")).GetProperty("backfills").EnumerateArray()];

    private static ILocator State(BrowserPage page) => page.Page.Locator("[data-figure=run-state]");

    private static async Task<JsonElement[]> TasksAsync(PipelineProcess pipeline, string run)
        => [.. (await pipeline.GetAsync($"/api/v2/dags/kafka_stream/dagRuns/{run}/taskInstances")).GetProperty("task_instances").EnumerateArray()];

    /// <summary>Waits until the tasks of a run, by name, have succeeded at these tries. What the page says just after a clear may be of before it.</summary>
    private static Task RanAsync(PipelineProcess pipeline, string run, int[] tries) => Eventually.TrueAsync(
        async () => (await pipeline.GetAsync($"/api/v2/dags/kafka_stream/dagRuns/{run}")).GetProperty("state").GetString() == "success"
            && (await TasksAsync(pipeline, run)).Select(t => t.GetProperty("state").GetString() == "success" ? t.GetProperty("try_number").GetInt32() : 0).SequenceEqual(tries),
        TimeSpan.FromSeconds(60));

    private static async Task<JsonElement[]> EventsAsync(PipelineProcess pipeline, string? run)
        => [.. (await pipeline.GetAsync($"/api/v2/eventLogs?dag_id=kafka_stream&limit=100{(run is null ? "" : $"&run_id={Uri.EscapeDataString(run)}")}")).GetProperty("event_logs").EnumerateArray()];

    private static async Task<int> StoredOfRunAsync(PipelineProcess pipeline, string run)
        => (await pipeline.GetAsync("/api/events?limit=1000")).GetProperty("items").EnumerateArray()
            .Count(e => e.GetProperty("data").TryGetProperty("run_id", out var id) && id.GetString() == run);
}
