using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Pipeline.EndToEnd.Kit;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>What a page says is what the API says, and that is what is in the files.</summary>
[Collection(nameof(PagesCollection))]
public sealed class FiguresTests(BrowserFixture browser, StillPipeline still)
{
    [Fact]
    public async Task Overview_Conservation_EqualsTheApiAndTheStore()
    {
        var pipeline = await still.GetAsync();
        var totals = (await pipeline.GetAsync("/api/status")).GetProperty("totals");
        foreach (var (name, table) in new[] { ("stored", "user_events"), ("dead_lettered", "dead_letters"), ("late", "late_events") })
        {
            Assert.Equal(still.Count(table), totals.GetProperty(name).GetInt64());
        }

        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/");
        foreach (var (figure, name) in new[] { ("consumed", "consumed"), ("conserved-stored", "stored"), ("stored", "stored"), ("dead-lettered", "dead_lettered"), ("late", "late"), ("duplicate", "duplicate") })
        {
            await page.ShowsAsync(figure, totals.GetProperty(name).GetInt64());
        }

        await page.ShowsAsync("waiting", 0);
        await page.Page.GetByText("✓ adds up in all 6 partitions").WaitForAsync();
    }

    [Fact]
    public async Task Overview_Freshness_EqualsTheApiAndTheStoreAndNamesItsObjective()
    {
        var pipeline = await still.GetAsync();
        var stored = DateTimeOffset.FromUnixTimeMilliseconds(still.Query("results.db", "SELECT MAX(last_stored_at) FROM partition_progress"));
        Assert.Equal(stored, (await pipeline.GetAsync("/api/status")).GetProperty("freshness").GetProperty("last_stored_at").GetDateTimeOffset());
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/");

        var tile = page.Page.Locator("[data-figure=freshness]");
        await Expect(tile.Locator("time")).ToHaveAttributeAsync("datetime", stored.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        await Expect(tile.Locator(".big")).ToHaveTextAsync(new Regex("^[0-9.]+ (s|min|h)$"));
        await Expect(tile).ToContainTextAsync("in the log within 60 s");
    }

    [Fact]
    public async Task DeadLetters_Count_EqualsTheApiTheExportAndTheStore()
    {
        var pipeline = await still.GetAsync();
        var stored = still.Count("dead_letters");
        Assert.Equal(stored, (await pipeline.GetAsync("/api/dead-letters?limit=1000")).GetProperty("items").GetArrayLength());
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/dead-letters?range=all");

        await page.ShowsAsync("counted", stored);

        var lines = await DownloadAsync(page, "JSON lines");
        Assert.Equal(stored, lines.Count(line => JsonElement.Parse(line).TryGetProperty("reason_code", out _)));
        Assert.Equal(stored + 1, (await DownloadAsync(page, "CSV")).Length);
    }

    [Fact]
    public async Task DeadLetters_FilterByReason_StaysInTheAddressAndEqualsTheApi()
    {
        var pipeline = await still.GetAsync();
        var expected = (await pipeline.GetAsync("/api/dead-letters?limit=1000&reason_code=invalid_utf8")).GetProperty("items").GetArrayLength();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/dead-letters?range=all");

        await page.Page.Locator(".filters select").First.SelectOptionAsync("invalid_utf8");
        await page.AtAsync("reason=invalid_utf8");
        await Expect(page.Rows("Rejected records")).ToHaveCountAsync(Math.Min(expected, 50));

        await page.Page.ReloadAsync();
        await page.LiveAsync();
        await Expect(page.Rows("Rejected records")).ToHaveCountAsync(Math.Min(expected, 50));
    }

    [Fact]
    public async Task Quality_Rule_EqualsTheApiAndTheStoreAndLeadsToADeadLetter()
    {
        var pipeline = await still.GetAsync();
        const string Rule = "schema.format";
        var stored = still.Query("results.db", $"SELECT SUM(failed) FROM quality_results WHERE rule_id = '{Rule}'");
        Assert.True(stored > 0, "no record broke the rule");
        Assert.Equal(stored, (await pipeline.GetAsync($"/api/quality?limit=1000&rule_id={Rule}")).GetProperty("items").EnumerateArray().Sum(q => q.GetProperty("failed").GetInt64()));
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/quality?range=24h");

        await Expect(page.Page.Locator($"[data-rule='{Rule}']")).ToHaveTextAsync(BrowserPage.Text(stored));
        await page.Page.GetByRole(AriaRole.Link, new() { Name = Rule, Exact = true }).ClickAsync();
        await page.Rows("Records that failed").First.GetByRole(AriaRole.Link).ClickAsync();
        await page.Page.Locator("#detail pre.bytes").WaitForAsync();
        await Expect(page.Page.Locator("#detail .facts")).ToContainTextAsync(Rule);
    }

    [Fact]
    public async Task Analytics_EventsByType_EqualTheApiAndTheStore()
    {
        var pipeline = await still.GetAsync();
        var stored = still.Query("results.db", "SELECT COUNT(*) FROM user_events JOIN event_attributes USING (attributes) WHERE event_type = 'view'");
        Assert.Equal(stored, (await pipeline.GetAsync("/api/windows?metric=events&dimension=event_type&grain=hour&limit=1000")).GetProperty("items").EnumerateArray()
            .Where(w => w.GetProperty("value").GetString() == "view").Sum(w => w.GetProperty("count").GetInt64()));
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/analytics?range=7d");

        await Expect(page.Rows("Events by event type").Filter(new() { Has = page.Page.GetByRole(AriaRole.Link, new() { Name = "view", Exact = true }) }).Locator("td.number")).ToHaveTextAsync(BrowserPage.Text(stored));

        await page.Page.Locator("[data-query=by]").SelectOptionAsync("all");
        await page.AtAsync("by=all");
        await page.Page.GetByRole(AriaRole.Heading, new() { Name = "Events by event time" }).WaitForAsync();
        var rows = JsonElement.Parse(string.Concat(await DownloadAsync(page, "JSON"))).EnumerateArray();
        Assert.Equal(still.Count("user_events"), rows.Sum(w => w.GetProperty("count").GetInt64()));
        Assert.StartsWith("window_start,metric,", (await DownloadAsync(page, "CSV"))[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topics_Partitions_EqualTheApiAndTheLog()
    {
        var pipeline = await still.GetAsync();
        var topics = (await pipeline.GetAsync("/api/status")).GetProperty("topics").EnumerateArray().Where(t => t.GetProperty("topic").GetString() == "users_topic").ToArray();
        Assert.Equal(
            still.Query("log.db", "SELECT SUM(record_count) FROM batches JOIN partitions USING (partition_id) JOIN topics USING (topic_id) WHERE name = 'users_topic'"),
            topics.Sum(t => t.GetProperty("end").GetInt64()));
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/topics?topic=users_topic&partition=1&offset=0");

        var rows = page.Rows("Partitions of users_topic");
        await Expect(rows).ToHaveCountAsync(topics.Length);
        for (var i = 0; i < topics.Length; i++)
        {
            await Expect(rows.Nth(i).Locator("td").Nth(2)).ToHaveTextAsync(BrowserPage.Text(topics[i].GetProperty("end").GetInt64()));
        }

        // The record of the address is shown whole.
        await Expect(page.Page.Locator("#messages pre.bytes")).ToContainTextAsync("\"event_type\": \"profile\"");
    }

    [Fact]
    public async Task Runs_Rows_EqualTheApiAndTheDatabase()
    {
        const int PageSize = 30;
        var pipeline = await still.GetAsync();
        var stored = still.Query("metadata.db", "SELECT COUNT(*) FROM dag_run WHERE dag_id = 'kafka_stream'");
        Assert.Equal(stored, (await pipeline.RunsAsync()).Count(run => run.GetProperty("dag_id").GetString() == "kafka_stream"));
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/runs?dag=kafka_stream");

        await Expect(page.Rows("Runs")).ToHaveCountAsync((int)Math.Min(stored, PageSize));
    }

    [Fact]
    public async Task Health_Components_AreThoseOfTheEndpoint()
    {
        var pipeline = await still.GetAsync();
        var expected = (await pipeline.GetAsync("/health")).GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("name").GetString()!).Order(StringComparer.Ordinal);
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/components");

        await Expect(page.Rows("Health checks").Locator("td:first-child")).ToHaveTextAsync(expected);
        await Expect(page.Page.Locator("[data-figure=health]")).ToHaveTextAsync("healthy");
    }

    /// <summary>Follows a link as a browser does, and gives the lines of what it leads to.</summary>
    private static async Task<string[]> DownloadAsync(BrowserPage page, string link)
    {
        var download = await page.Page.RunAndWaitForDownloadAsync(() => page.Page.GetByRole(AriaRole.Link, new() { Name = link, Exact = true }).First.ClickAsync());
        return await File.ReadAllLinesAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
    }
}
