namespace Pipeline.EndToEnd.Tests.Pages;

/// <summary>Whatever an event holds is text.</summary>
public sealed class HostileContentTests(BrowserFixture browser)
{
    [Fact]
    public async Task DeadLetter_WithScriptAndBidi_IsShownAsText()
    {
        var pipeline = await browser.PipelineAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/dead-letters?range=all&search=hacked");

        await page.Page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "Rejected records" }).Locator("tbody tr").First.GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        var text = await page.Page.Locator("#detail pre.bytes").InnerTextAsync();

        Assert.Contains(BrowserFixture.Script, text, StringComparison.Ordinal);
        Assert.Contains("abc⟨202E⟩gpj.exe", text, StringComparison.Ordinal);
        Assert.Equal(0, await page.Page.Locator("main script, main img").CountAsync());
        Assert.True(await page.Page.EvaluateAsync<bool>("() => window.hacked === undefined"));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task DeadLetter_WithBrokenBytes_MarksTheFirstBrokenOne()
    {
        var pipeline = await browser.PipelineAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/dead-letters?range=all&reason=invalid_utf8&search=bytes");

        await page.Page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "Rejected records" }).Locator("tbody tr").First.GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();

        Assert.Equal("‹C3›", await page.Page.Locator("#detail mark").InnerTextAsync());
        Assert.Contains("(‹00›‹1B›\"}", await page.Page.Locator("#detail pre.bytes").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeadLetter_OfAMegabyte_IsShownInPartAndDownloadedWhole()
    {
        var pipeline = await browser.PipelineAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/dead-letters?range=all&search=WWWWWWWWWW");

        await page.Page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "Rejected records" }).Locator("tbody tr").First.GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await page.Page.Locator("#detail pre.bytes").WaitForAsync();
        Assert.InRange((await page.Page.Locator("main").InnerTextAsync()).Length, 100, 20_000);

        var link = await page.Page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "Original bytes" }).GetAttributeAsync("href");
        var bytes = await pipeline.Http.GetByteArrayAsync(link, TestContext.Current.CancellationToken);
        Assert.InRange(bytes.Length, 1_000_000, 1_000_100);
    }

    [Fact]
    public async Task StoredEventAndRun_WithHostileText_AreShownAsText()
    {
        var pipeline = await browser.PipelineAsync();
        await using var page = await browser.OpenAsync();

        await page.GoAsync(pipeline.Url, "/");
        await page.Page.GetByText(BrowserFixture.Script).First.WaitForAsync();
        await page.GoAsync(pipeline.Url, $"/runs/kafka_stream?run={BrowserFixture.HostileRun}");
        await page.Page.GetByText($"{BrowserFixture.Script}abc⟨202E⟩gpj.exe").WaitForAsync();

        Assert.Equal(0, await page.Page.Locator("main script, main img").CountAsync());
        Assert.True(await page.Page.EvaluateAsync<bool>("() => window.hacked === undefined"));
        Assert.Empty(page.Complaints);
    }
}
