using System.Text.Json;

namespace Pipeline.EndToEnd.Tests.Pages;

/// <summary>What a page says is what the API says, and that is what the store holds.</summary>
public sealed class FiguresTests(BrowserFixture browser)
{
    [Fact]
    public async Task Overview_Conservation_EqualsTheApi()
    {
        var pipeline = await browser.PipelineAsync();
        var totals = (await pipeline.GetAsync("/api/status")).GetProperty("totals");
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/");

        foreach (var (figure, name) in new[] { ("consumed", "consumed"), ("conserved-stored", "stored"), ("stored", "stored"), ("dead-lettered", "dead_lettered"), ("late", "late"), ("duplicate", "duplicate") })
        {
            Assert.Equal(totals.GetProperty(name).GetInt64(), await page.FigureAsync(figure));
        }

        Assert.Equal(0, await page.FigureAsync("waiting"));
        await page.Page.GetByText("✓ adds up in all 6 partitions").WaitForAsync();
    }

    [Fact]
    public async Task DeadLetters_Count_EqualsTheApiAndTheRowsOfTheExport()
    {
        var pipeline = await browser.PipelineAsync();
        var expected = (await pipeline.GetAsync("/api/dead-letters?limit=1000")).GetProperty("items").GetArrayLength();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/dead-letters?range=all");

        Assert.Equal(expected, await page.FigureAsync("counted"));
        var rows = await pipeline.Http.GetStringAsync("/dead-letters/export?format=ndjson&range=all", TestContext.Current.CancellationToken);
        Assert.Equal(expected, rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => JsonElement.Parse(row).GetProperty("reason_code").GetString()).Count());
    }

    [Fact]
    public async Task DeadLetters_FilterByReason_StaysInTheAddressAndEqualsTheApi()
    {
        var pipeline = await browser.PipelineAsync();
        var expected = (await pipeline.GetAsync("/api/dead-letters?limit=1000&reason_code=invalid_utf8")).GetProperty("items").GetArrayLength();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/dead-letters?range=all");

        await page.Page.Locator(".filters select").First.SelectOptionAsync("invalid_utf8");
        await page.AtAsync("reason=invalid_utf8");
        await page.LiveAsync();

        await Assertions(page, Math.Min(expected, 50));
        await page.Page.ReloadAsync();
        await page.LiveAsync();
        await Assertions(page, Math.Min(expected, 50));

        static async Task Assertions(BrowserPage page, int count)
            => await Microsoft.Playwright.Assertions.Expect(page.Page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "Rejected records" }).Locator("tbody tr")).ToHaveCountAsync(count);
    }

    [Fact]
    public async Task Topics_Partitions_EqualTheApi()
    {
        var pipeline = await browser.PipelineAsync();
        var topics = (await pipeline.GetAsync("/api/status")).GetProperty("topics").EnumerateArray().Where(t => t.GetProperty("topic").GetString() == "users_topic").ToArray();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/topics?topic=users_topic&partition=1&offset=0");

        var rows = page.Page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "Partitions of users_topic", Exact = true }).Locator("tbody tr");
        Assert.Equal(topics.Length, await rows.CountAsync());
        for (var i = 0; i < topics.Length; i++)
        {
            var cells = await rows.Nth(i).Locator("td").AllInnerTextsAsync();
            Assert.Equal(topics[i].GetProperty("end").GetInt64().ToString("N0", System.Globalization.CultureInfo.InvariantCulture), cells[2]);
        }

        // The record of the address is shown whole.
        Assert.Contains("\"event_type\": \"profile\"", await page.Page.Locator("#messages pre.bytes").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_Rows_EqualTheApi()
    {
        var pipeline = await browser.PipelineAsync();
        var expected = (await pipeline.RunsAsync()).Length;
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/runs");

        Assert.Equal(Math.Min(expected, 50), await page.Page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "Runs", Exact = true }).Locator("tbody tr:not(.sub)").CountAsync());
    }

    [Fact]
    public async Task Health_Components_AreThoseOfTheEndpoint()
    {
        var pipeline = await browser.PipelineAsync();
        var expected = (await pipeline.GetAsync("/health")).GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("name").GetString()!).Order(StringComparer.Ordinal);
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/components");

        Assert.Equal(expected, await page.Page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "Health checks" }).Locator("tbody tr td:first-child").AllInnerTextsAsync());
        Assert.Equal("healthy", await page.Page.Locator("[data-figure=health]").InnerTextAsync());
    }
}
