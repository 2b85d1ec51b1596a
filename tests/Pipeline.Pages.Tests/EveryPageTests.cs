using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>What holds for every page.</summary>
[Collection(nameof(PagesCollection))]
public sealed class EveryPageTests(BrowserFixture browser, StillPipeline still)
{
    private static readonly (string Name, string Path)[] All =
    [
        ("overview", "/"),
        ("topics", "/topics"),
        ("quality", "/quality?rule=schema.format"),
        ("analytics", "/analytics"),
        ("dead-letters", "/dead-letters?range=all"),
        ("runs", "/runs"),
        ("dag", "/runs/kafka_stream?run={run}&task=get_data"),
        ("components", "/components"),
    ];

    public static TheoryData<string, string> Paths()
    {
        var paths = new TheoryData<string, string>();
        foreach (var (name, path) in All)
        {
            paths.Add(name, path);
        }

        return paths;
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Page_WideAndNarrowLightAndDark_IsAccessibleAndItsOwn(string name, string path)
    {
        var pipeline = await still.GetAsync();
        var site = pipeline.Url;
        await using var page = await browser.OpenAsync();
        await page.GoAsync(site, path.Replace("{run}", StillPipeline.HostileRun, StringComparison.Ordinal));
        foreach (var (width, height) in new[] { (1440, 900), (390, 844) })
        {
            // Both widths and both schemes, once each; in every combination when there are pictures to be taken.
            foreach (var scheme in BrowserPage.TakesPictures ? [ColorScheme.Light, ColorScheme.Dark] : new[] { width > 900 ? ColorScheme.Light : ColorScheme.Dark })
            {
                await page.LookAsync(width, height, scheme);
                await page.Page.WaitForFunctionAsync("width => innerWidth === width && document.documentElement.scrollWidth <= width", width);
                Assert.Empty(await page.AccessibilityProblemsAsync());
                await page.TakePictureAsync(name, width, height, scheme);
            }
        }

        Assert.Empty(page.Complaints);
        Assert.All(page.Requests, url => Assert.Equal(site.Authority, new Uri(url).Authority));
        Assert.True(await page.Page.EvaluateAsync<bool>("() => window.hacked === undefined"));
    }

    [Fact]
    public async Task Dialogs_OpenOnAPhone_FitAndAreAccessible()
    {
        const int Width = 390;
        var pipeline = await still.GetAsync();
        foreach (var scheme in BrowserPage.TakesPictures ? [ColorScheme.Light, ColorScheme.Dark] : new[] { ColorScheme.Dark })
        {
            await using var page = await browser.OpenAsync(Width, 844, scheme);
            await page.GoAsync(pipeline.Url, $"/runs/kafka_stream?run={StillPipeline.HostileRun}");
            foreach (var button in new[] { "Trigger…", "Backfill…", "Pause…", "Clear all…", "Mark failed…", "?" })
            {
                await (button == "?" ? page.Page.Keyboard.PressAsync(button) : page.OpenDialogAsync(page.Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true })));
                await page.Dialog.WaitForAsync();
                if (button == "Backfill…")
                {
                    await page.Dialog.GetByRole(AriaRole.Button, new() { Name = "Dry run" }).ClickAsync();
                    await page.Page.Locator("[data-figure=planned]").WaitForAsync();
                }

                var box = await page.Dialog.BoundingBoxAsync();
                Assert.True(box is { X: >= 0 } && box.X + box.Width <= Width, $"{button} {box?.X} + {box?.Width}");
                Assert.Empty(await page.AccessibilityProblemsAsync());
                await page.TakePictureAsync($"dialog-{string.Concat(button.Where(char.IsLetter)).ToLowerInvariant()}", Width, 844, scheme);
                await page.Page.Keyboard.PressAsync("Escape");
                await Expect(page.Dialog).ToHaveCountAsync(0);
            }

            Assert.Empty(page.Complaints);
        }
    }

    [Fact]
    public async Task Page_BeforeAnyScriptRan_HasItsFigures()
    {
        var pipeline = await still.GetAsync();
        foreach (var (_, path) in All)
        {
            var html = await pipeline.Http.GetStringAsync(path.Replace("{run}", StillPipeline.HostileRun, StringComparison.Ordinal), TestContext.Current.CancellationToken);

            Assert.Contains("class=\"card\"", html, StringComparison.Ordinal);
            Assert.DoesNotContain("class=\"skeleton\"", html, StringComparison.Ordinal);
            Assert.DoesNotContain("style=\"", html, StringComparison.Ordinal);

            // A press would reach nobody yet.
            var main = html[html.IndexOf("<main", StringComparison.Ordinal)..html.IndexOf("</main>", StringComparison.Ordinal)];
            Assert.All(main.Split("<button").Skip(1), button => Assert.Contains(" disabled", button[..button.IndexOf('>', StringComparison.Ordinal)], StringComparison.Ordinal));
        }
    }
}
