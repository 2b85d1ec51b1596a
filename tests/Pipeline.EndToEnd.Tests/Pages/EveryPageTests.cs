using Microsoft.Playwright;
using Pipeline.EndToEnd.Tests.Kit;

namespace Pipeline.EndToEnd.Tests.Pages;

/// <summary>What holds for every page.</summary>
public sealed class EveryPageTests(BrowserFixture browser)
{
    /// <summary>Where pictures of the pages are put, when somebody wants to look at them.</summary>
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("PIPELINE_SCREENSHOTS");

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
        var pipeline = await browser.PipelineAsync();
        var site = pipeline.Url;
        path = await WithRunAsync(pipeline, path);
        foreach (var (width, height) in new[] { (1440, 900), (390, 844) })
        {
            // Both widths and both schemes, once each; in every combination when there are pictures to be taken.
            foreach (var scheme in Pictures is not null ? [ColorScheme.Light, ColorScheme.Dark] : new[] { width > 900 ? ColorScheme.Light : ColorScheme.Dark })
            {
                await using var page = await browser.OpenAsync(width, height, scheme);
                await page.GoAsync(site, path);

                Assert.Empty(await page.AccessibilityProblemsAsync());
                Assert.Empty(page.Complaints);
                Assert.All(page.Requests, url => Assert.Equal(site.Authority, new Uri(url).Authority));
                Assert.InRange(await page.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"), 0, width);
                Assert.True(await page.Page.EvaluateAsync<bool>("() => window.hacked === undefined"));
                if (Pictures is not null)
                {
                    await page.Page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"{name}-{width}x{height}-{scheme.ToString().ToLowerInvariant()}.png") });
                }
            }
        }
    }

    [Fact]
    public async Task Page_BeforeAnyScriptRan_HasItsFigures()
    {
        var pipeline = await browser.PipelineAsync();
        foreach (var (_, path) in All)
        {
            var html = await pipeline.Http.GetStringAsync(await WithRunAsync(pipeline, path), TestContext.Current.CancellationToken);

            Assert.Contains("class=\"card\"", html, StringComparison.Ordinal);
            Assert.DoesNotContain("class=\"skeleton\"", html, StringComparison.Ordinal);
            Assert.DoesNotContain("style=\"", html, StringComparison.Ordinal);
        }
    }

    private static async Task<string> WithRunAsync(PipelineProcess pipeline, string path)
        => path.Contains("{run}", StringComparison.Ordinal)
            ? path.Replace("{run}", Uri.EscapeDataString((await pipeline.RunsAsync())[0].GetProperty("run_id").GetString()!), StringComparison.Ordinal)
            : path;
}
