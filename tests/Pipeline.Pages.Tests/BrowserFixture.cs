using Microsoft.Playwright;

namespace Pipeline.Pages.Tests;

/// <summary>
/// The tests with a browser run one after the other: they share the browser and the pipelines, and two at once would make each other slow.
/// </summary>
[CollectionDefinition(nameof(PagesCollection))]
public sealed class PagesCollection : ICollectionFixture<BrowserFixture>, ICollectionFixture<StillPipeline>, ICollectionFixture<ActingPipeline>;

/// <summary>A real Chromium, started by the first test that asks.</summary>
public sealed class BrowserFixture : IAsyncDisposable
{
    /// <summary>How long anything on a page may take before a test gives up, milliseconds: a net below a machine with much else to do.</summary>
    internal const int Limit = 60_000;

    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private IBrowserContext? _shared;

    /// <summary>
    /// A page in the window that all tests share; with <paramref name="own"/> in one that has seen nothing before and that nobody else gets
    /// cookies of. Skips where there is no Chromium, fails where CI said that there is.
    /// </summary>
    internal async Task<BrowserPage> OpenAsync(int width = 1440, int height = 900, ColorScheme scheme = ColorScheme.Light, BrowserNewContextOptions? own = null)
    {
        _browser ??= await LaunchAsync();

        // A context of its own costs a window of its own, which is much of what a test of a page takes.
        var context = own is null ? _shared ??= await _browser.NewContextAsync() : await _browser.NewContextAsync(own);
        context.SetDefaultTimeout(Limit);
        var page = await BrowserPage.NewAsync(context, ownsContext: own is not null);
        await page.LookAsync(width, height, scheme);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    private static string? FindChromium()
        => new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    private async Task<IBrowser> LaunchAsync()
    {
        if (FindChromium() is not { } chromium)
        {
            var demanded = (Environment.GetEnvironmentVariable("PIPELINE_REQUIRE_SERVERS") ?? "").Split(',', StringSplitOptions.TrimEntries).Contains("chromium");
            Assert.False(demanded, "chromium is not installed");
            Assert.Skip("needs Chromium: install the package chromium");
            throw new InvalidOperationException();
        }

        _playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(Limit);
        return await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium,
            Timeout = 2 * Limit,
            Args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });
    }
}
