using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>How one gets about: addresses, keys, switches, signing in.</summary>
[Collection(nameof(PagesCollection))]
public sealed partial class NavigationTests(BrowserFixture browser, StillPipeline still)
{
    private const string Token = "viewer-of-the-test-0123456789";
    private const string Tokyo = "Asia/Tokyo";

    [Fact]
    public async Task Filter_AndALinkRightAfterIt_EndsAtTheLink()
    {
        var pipeline = await still.GetAsync();
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
        await Expect(page.Page).ToHaveURLAsync(OneRun());
        await page.LiveAsync();
        await page.Page.GoBackAsync();
        await page.AtAsync("/runs?state=failed");
    }

    [Fact]
    public async Task Filters_SeveralAtOnce_AllStand()
    {
        var pipeline = await still.GetAsync();
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
        var pipeline = await still.GetAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/");

        // The two belong together only if one follows the other soon, which a busy machine does not promise.
        await Eventually.TrueAsync(async () =>
        {
            await page.Page.Keyboard.PressAsync("g");
            await page.Page.Keyboard.PressAsync("d");
            return await page.ReachesAsync("/dead-letters");
        });
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Dead letters", Level = 1 })).ToBeFocusedAsync();
        await page.LiveAsync();
        var search = page.Page.Locator("main input[type=search]");
        await page.Page.Keyboard.PressAsync("/");
        await Expect(search).ToBeFocusedAsync();
        await search.BlurAsync();
        await page.Page.Keyboard.PressAsync("?");
        await Expect(page.Page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard" })).ToBeVisibleAsync();
        Assert.Empty(await page.AccessibilityProblemsAsync());
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Dialog).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Switches_ThemeAndZone_StayWithTheBrowser()
    {
        var pipeline = await still.GetAsync();
        await using var page = await browser.OpenAsync(own: new() { TimezoneId = Tokyo });
        await page.GoAsync(pipeline.Url, "/");
        var light = await BackgroundAsync();

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Theme" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Theme" }).ClickAsync();
        var dark = await BackgroundAsync();
        Assert.NotEqual(light, dark);
        await page.Page.ReloadAsync();
        Assert.Equal(dark, await BackgroundAsync());

        // A bare system knows no zones, and then times stay what they are and say so.
        var zone = TimeZoneInfo.TryFindSystemTimeZoneById(Tokyo, out _) ? Tokyo : "UTC";
        await page.Page.Locator("button[data-act=zone]").ClickAsync();
        await Expect(page.Page.Locator("button[data-act=zone]")).ToContainTextAsync(zone);
        await page.GoAsync(pipeline.Url, "/analytics");
        await page.Page.GetByLabel($"From ({zone})").WaitForAsync();

        Task<string> BackgroundAsync() => page.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");
    }

    [Fact]
    public async Task SignIn_WithAToken_OpensThePageThatWasAskedFor()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(
            directory.FullPath, "--Ingest:Interval=366d", "--Activity:Enabled=false", $"--Security:Tokens:0:Value={Token}", "--Security:Tokens:0:Role=viewer");
        await using var page = await browser.OpenAsync(own: new());

        await page.Page.GotoAsync(new Uri(pipeline.Url, "/dead-letters?range=7d").ToString());
        await page.Page.GetByLabel("Token").FillAsync("not-one-of-the-tokens");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.Page.GetByText("That is not one of this pipeline's tokens.").WaitForAsync();
        Assert.Empty(await page.AccessibilityProblemsAsync());

        await page.Page.GetByLabel("Token").FillAsync(Token);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.Page).ToHaveURLAsync(new Uri(pipeline.Url, "/dead-letters?range=7d").ToString());
        await page.LiveAsync();

        // A viewer is offered nothing to do.
        await page.GoAsync(pipeline.Url, "/runs/kafka_stream");
        await page.Page.GetByText("every 366 d").WaitForAsync();
        Assert.Equal(0, await page.Page.Locator("main button").CountAsync());

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.Page.GetByLabel("Token").WaitForAsync();
        await page.Page.GotoAsync(new Uri(pipeline.Url, "/runs").ToString());
        await page.Page.GetByLabel("Token").WaitForAsync();
    }

    [GeneratedRegex("/runs/[a-z_]+\\?run=")]
    private static partial Regex OneRun();
}
