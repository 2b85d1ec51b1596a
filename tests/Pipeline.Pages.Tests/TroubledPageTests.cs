using System.Runtime.Versioning;
using Microsoft.Playwright;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>What pages say of a pipeline that is there and does not answer. One that was killed is in <see cref="LivePageTests"/>.</summary>
[Collection(nameof(PagesCollection))]
[UnsupportedOSPlatform("macos")]
public sealed class TroubledPageTests(BrowserFixture browser)
{
    /// <summary>The places of the locks by which SQLite's readers share the index of its write-ahead log, and how many there are.</summary>
    private const int ReadLocks = 123;
    private const int ReadLockCount = 5;

    private static readonly (int Width, int Height, ColorScheme Scheme)[] Looks = [(1440, 900, ColorScheme.Light), (390, 844, ColorScheme.Dark)];

    [Fact]
    public async Task Page_OfAPipelineThatHangs_SaysThatFiguresAreOldThenThatTheyAreRead_AndHeals()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, ["--Ingest:Interval=366d", "--Ingest:BaseUrl=http://127.0.0.1:9", "--Activity:Enabled=false"]);
        await using var page = await browser.OpenAsync(own: new());
        await page.WatchShiftsAsync();
        await page.GoAsync(pipeline.Url, "/analytics");

        // It stands still as a whole: the connection stays, and nothing comes.
        pipeline.Pause();
        await page.Page.GetByText("Nothing new for a while.").WaitForAsync();
        await page.SaysAsync("Stale");
        Assert.InRange((await page.ShiftedAsync()).Shift, 0, BrowserPage.NoticedShift);
        await TakeAsync(page, "silent");
        pipeline.Resume();
        await page.SaysAsync("Live");
        await Expect(page.Page.GetByText("Nothing new for a while.")).ToBeHiddenAsync();

        // Its store answers nobody: a page comes all the same, until SQLite gives up waiting and the page says that there are no figures.
        using (await HoldAsync(directory.File("results.db")))
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    await page.Page.GotoAsync(new Uri(pipeline.Url, "/dead-letters?range=7d").ToString());
                    return await BrowserPage.ComesAsync(page.Page.GetByText("The figures are being read.")) && await page.State.InnerTextAsync() == "Loading";
                },
                TimeSpan.FromMinutes(2));
            await TakeAsync(page, "loading");
        }

        await page.LiveAsync();
    }

    private static Task<bool> TitleIsSeenAsync(BrowserPage page) => page.Page.EvaluateAsync<bool>("""
        () => { const title = document.querySelector('h1'), box = title.getBoundingClientRect(); return document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) === title; }
        """);

    private static async Task TakeAsync(BrowserPage page, string name)
    {
        foreach (var (width, height, scheme) in Looks)
        {
            await page.LookAsync(width, height, scheme);
            Assert.Empty(await page.AccessibilityProblemsAsync());
            Assert.True(await TitleIsSeenAsync(page));
            await page.TakePictureAsync(name, width, height, scheme);
        }
    }

    /// <summary>Lets whoever reads a database wait until what this returns is disposed.</summary>
    private static async Task<FileStream> HoldAsync(string database)
    {
        var index = new FileStream($"{database}-shm", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        await Eventually.TrueAsync(
            () =>
            {
                try
                {
                    index.Lock(ReadLocks, ReadLockCount);
                    return true;
                }
                catch (IOException)
                {
                    // It is being read.
                    return false;
                }
            },
            TimeSpan.FromMinutes(2));
        return index;
    }
}
