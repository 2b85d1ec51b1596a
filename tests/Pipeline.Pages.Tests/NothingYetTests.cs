using Microsoft.Playwright;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>What pages say before there is anything to show: the source does not answer, and nothing else sends.</summary>
[Collection(nameof(PagesCollection))]
public sealed class NothingYetTests(BrowserFixture browser)
{
    [Fact]
    public async Task Pages_OfANewPipeline_SayWhatIsNotThereYet()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, ["--Ingest:Interval=366d", "--Ingest:BaseUrl=http://127.0.0.1:9", "--Activity:Enabled=false"]);
        await using var page = await browser.OpenAsync(own: new());
        var isWide = true;
        foreach (var (name, path, sentence) in new[]
        {
            ("overview", "/", "No record yet."),
            ("topics", "/topics", "user_activity"),
            ("quality", "/quality?rule=schema.format", "This rule has checked nothing in this time."),
            ("analytics", "/analytics", "No event in this time."),
            ("dead-letters", "/dead-letters?range=all", "Nothing was rejected"),
            ("runs", "/runs?state=success", "No run is like this."),
            ("dag", "/runs/kafka_stream", "Nothing yet."),
        })
        {
            await page.GoAsync(pipeline.Url, path);
            await (isWide ? page.LookAsync(1440, 900, ColorScheme.Light) : page.LookAsync(390, 844, ColorScheme.Dark));
            await Expect(page.Page.GetByText(sentence).First).ToBeVisibleAsync();
            await page.Page.WaitForFunctionAsync("() => document.documentElement.scrollWidth <= innerWidth");
            Assert.Empty(await page.AccessibilityProblemsAsync());
            await page.TakePictureAsync($"empty-{name}", isWide ? 1440 : 390, isWide ? 900 : 844, isWide ? ColorScheme.Light : ColorScheme.Dark);
            isWide = !isWide;
        }

        Assert.Empty(page.Complaints);
    }
}
