using System.Net.Http.Json;
using Microsoft.Playwright;
using Pipeline.EndToEnd.Tests.Kit;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.EndToEnd.Tests.Pages;

public sealed class LivePageTests(BrowserFixture browser)
{
    private const string Token = "viewer-of-the-test-0123456789";
    private static readonly string[] Quiet = ["--Ingest:Interval=366d", "--Activity:Enabled=false"];

    [Fact]
    public async Task Overview_WhenAnEventIsStored_ShowsItWithoutBeingAsked()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Quiet);
        await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Stored > 0);
        var before = (await pipeline.QuietAsync()).Stored;
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/");
        Assert.Equal(before, await page.FigureAsync("stored"));

        using var response = await pipeline.Http.PostAsJsonAsync("/api/events", new[] { new { user_id = Guid.NewGuid(), event_type = "login" } }, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode);

        await Expect(page.Page.Locator("[data-figure=stored]")).ToHaveTextAsync((before + 1).ToString("N0", System.Globalization.CultureInfo.InvariantCulture));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Page_WhenThePipelineIsKilled_SaysSoAndHealsByItself()
    {
        using var directory = new TempDirectory();
        await using var first = await PipelineProcess.StartAsync(directory.FullPath, Quiet);
        await using var page = await browser.OpenAsync();
        await page.GoAsync(first.Url, "/dead-letters?range=7d");

        await first.KillAsync();
        await page.Page.GetByText("Connection lost.").WaitForAsync();

        await using var second = await PipelineProcess.StartAsync(directory.FullPath, [.. Quiet, "--urls", first.Url.ToString()]);
        await page.Page.GetByText("Connection lost.").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await page.LiveAsync();
        Assert.Contains("range=7d", page.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Filter_AndALinkRightAfterIt_EndsAtTheLink()
    {
        var pipeline = await browser.PipelineAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/runs");

        // Both in one breath, as by a person whose server is far away: the choice may not come back later and undo the click.
        await page.Page.EvaluateAsync(
            """
            () => {
              const state = [...document.querySelectorAll('main select')].find(s => [...s.options].some(o => o.value === 'failed'));
              state.value = 'failed';
              state.dispatchEvent(new Event('change', { bubbles: true }));
              document.querySelector('main section:last-of-type tbody a').click();
            }
            """);

        await page.Page.Locator("[data-figure=run-state]").WaitForAsync();
        await page.LiveAsync();
        Assert.Contains("/runs/kafka_stream?run=", page.Page.Url, StringComparison.Ordinal);
        await page.Page.GoBackAsync();
        await page.AtAsync("/runs?state=failed");
    }

    [Fact]
    public async Task Filters_SeveralAtOnce_AllStand()
    {
        var pipeline = await browser.PipelineAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/analytics");

        await page.Page.GetByLabel("Split by").SelectOptionAsync("nationality");
        await page.Page.Locator("[data-query=as]").SelectOptionAsync("bar");
        await page.Page.GetByLabel("Metric").SelectOptionAsync("age");

        foreach (var part in new[] { "by=nationality", "as=bar", "metric=age" })
        {
            await page.AtAsync(part);
        }

        await page.Page.GetByRole(AriaRole.Heading, new() { Name = "Mean age by nationality" }).WaitForAsync();
    }

    [Fact]
    public async Task Keys_LeadToPagesAndToTheirList()
    {
        var pipeline = await browser.PipelineAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/");

        // The two belong together only if one follows the other soon, which a busy machine does not promise.
        await Eventually.TrueAsync(async () =>
        {
            await page.Page.Keyboard.PressAsync("g");
            await page.Page.Keyboard.PressAsync("d");
            return page.Page.Url.EndsWith("/dead-letters", StringComparison.Ordinal);
        });
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Dead letters", Level = 1 })).ToBeFocusedAsync();
        await page.LiveAsync();
        await page.Page.Keyboard.PressAsync("/");
        await Expect(page.Page.Locator("main input[type=search]")).ToBeFocusedAsync();
        await page.Page.Locator("main input[type=search]").BlurAsync();
        await page.Page.Keyboard.PressAsync("?");
        await Expect(page.Page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Switches_ThemeAndZone_StayWithTheBrowser()
    {
        var pipeline = await browser.PipelineAsync();
        await using var page = await browser.OpenAsync(isNew: true);
        await page.GoAsync(pipeline.Url, "/");
        var light = await BackgroundAsync();

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Theme" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Theme" }).ClickAsync();
        var dark = await BackgroundAsync();
        Assert.NotEqual(light, dark);
        await page.Page.ReloadAsync();
        Assert.Equal(dark, await BackgroundAsync());

        Task<string> BackgroundAsync() => page.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");
    }

    [Fact]
    public async Task SignIn_WithAToken_OpensThePageThatWasAskedFor()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, [.. Quiet, $"--Security:Tokens:0:Value={Token}", "--Security:Tokens:0:Role=viewer"]);
        await using var page = await browser.OpenAsync(isNew: true);

        await page.Page.GotoAsync(new Uri(pipeline.Url, "/dead-letters?range=7d").ToString());
        await page.Page.GetByLabel("Token").FillAsync("not-one-of-the-tokens");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.Page.GetByText("That is not one of this pipeline's tokens.").WaitForAsync();
        Assert.Empty(await page.AccessibilityProblemsAsync());

        await page.Page.GetByLabel("Token").FillAsync(Token);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.LiveAsync();
        Assert.EndsWith("/dead-letters?range=7d", page.Page.Url, StringComparison.Ordinal);

        // A viewer is offered nothing to do.
        await page.GoAsync(pipeline.Url, "/runs/kafka_stream");
        await page.Page.GetByText("every 366 d").WaitForAsync();
        Assert.Equal(0, await page.Page.Locator("main button").CountAsync());

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.Page.GetByLabel("Token").WaitForAsync();
        await page.Page.GotoAsync(new Uri(pipeline.Url, "/runs").ToString());
        await page.Page.GetByLabel("Token").WaitForAsync();
    }
}
