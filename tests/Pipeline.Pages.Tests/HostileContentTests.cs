using Microsoft.Playwright;

namespace Pipeline.Pages.Tests;

/// <summary>Whatever an event holds is text.</summary>
[Collection(nameof(PagesCollection))]
public sealed class HostileContentTests(BrowserFixture browser, StillPipeline still)
{
    [Fact]
    public async Task DeadLetter_WithScriptAndBidi_IsShownAsText()
    {
        var pipeline = await still.GetAsync();
        await using var page = await browser.OpenAsync();
        await OpenFirstAsync(page, pipeline.Url, "search=hacked");

        var text = await page.Page.Locator("#detail pre.bytes").InnerTextAsync();

        Assert.Contains(StillPipeline.Script, text, StringComparison.Ordinal);
        Assert.Contains("abc⟨202E⟩gpj.exe", text, StringComparison.Ordinal);
        await IsHarmlessAsync(page);
    }

    [Fact]
    public async Task DeadLetter_WithBrokenBytes_MarksTheFirstBrokenOne()
    {
        var pipeline = await still.GetAsync();
        await using var page = await browser.OpenAsync();
        await OpenFirstAsync(page, pipeline.Url, "reason=invalid_utf8&search=bytes");

        Assert.Equal("‹C3›", await page.Page.Locator("#detail mark").InnerTextAsync());
        Assert.Contains("(‹00›‹1B›\"}", await page.Page.Locator("#detail pre.bytes").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeadLetter_OfAMegabyte_IsShownInPartAndDownloadedByteForByte()
    {
        var pipeline = await still.GetAsync();
        await using var page = await browser.OpenAsync();
        await OpenFirstAsync(page, pipeline.Url, "search=WWWWWWWWWW");

        Assert.InRange((await page.Page.Locator("main").InnerTextAsync()).Length, 100, 20_000);

        var download = await page.Page.RunAndWaitForDownloadAsync(() => page.Page.GetByRole(AriaRole.Link, new() { Name = "Original bytes" }).ClickAsync());
        Assert.Equal(StillPipeline.Megabyte, await File.ReadAllBytesAsync(await download.PathAsync(), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task StoredEventAndRun_WithHostileText_AreShownAsText()
    {
        var pipeline = await still.GetAsync();
        await using var page = await browser.OpenAsync();

        await page.GoAsync(pipeline.Url, "/");
        await page.Rows("Latest events").GetByText(StillPipeline.Script).First.WaitForAsync();
        await page.GoAsync(pipeline.Url, $"/runs/kafka_stream?run={StillPipeline.HostileRun}");
        await page.Page.GetByText($"{StillPipeline.Script}abc⟨202E⟩gpj.exe").WaitForAsync();

        await IsHarmlessAsync(page);
    }

    /// <summary>The page of dead letters, searched, with the first that was found open.</summary>
    private static async Task OpenFirstAsync(BrowserPage page, Uri site, string query)
    {
        await page.GoAsync(site, $"/dead-letters?range=all&{query}");
        await page.Rows("Rejected records").First.GetByRole(AriaRole.Link).ClickAsync();
        await page.AtAsync("&at=");
        await page.Page.Locator("#detail pre.bytes").WaitForAsync();
    }

    private static async Task IsHarmlessAsync(BrowserPage page)
    {
        Assert.Equal(0, await page.Page.Locator("main script, main img").CountAsync());
        Assert.True(await page.Page.EvaluateAsync<bool>("() => window.hacked === undefined"));
        Assert.Empty(page.Complaints);
    }
}
