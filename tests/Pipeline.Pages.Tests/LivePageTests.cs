using System.Diagnostics;
using System.Net.Http.Json;
using Microsoft.Playwright;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>Pages show what happens, by themselves.</summary>
[Collection(nameof(PagesCollection))]
public sealed class LivePageTests(BrowserFixture browser, ActingPipeline acting, ITestOutputHelper output)
{
    private const string Lost = "Connection lost.";

    [Fact]
    public async Task Overview_WhenAnEventIsStored_ShowsItWithoutBeingAsked()
    {
        var pipeline = await acting.GetAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/");
        var name = $"/live/{Guid.NewGuid():N}";

        using var response = await pipeline.Http.PostAsJsonAsync("/api/events", new[] { new { user_id = Guid.NewGuid(), event_type = "view", page = name } }, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode);

        await Expect(page.Rows("Latest events").Filter(new() { HasText = name })).ToHaveCountAsync(1);
        await Eventually.TrueAsync(async () => (await pipeline.StatusAsync()).Stored == await page.FigureAsync("stored"), TimeSpan.FromSeconds(60));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Page_ThatNobodyCanSee_IsSentNothingUntilItIsSeen()
    {
        var pipeline = await acting.GetAsync();
        await using var hidden = await browser.OpenAsync();
        await using var seen = await browser.OpenAsync();
        await hidden.GoAsync(pipeline.Url, "/");
        await seen.GoAsync(pipeline.Url, "/");
        await hidden.ShowAsync(isVisible: false);

        // What was on its way still comes.
        await Eventually.TrueAsync(
            async () =>
            {
                var before = hidden.Messages;
                await MoreAsync();
                return hidden.Messages == before;
            },
            TimeSpan.FromSeconds(60));
        var name = $"/hidden/{Guid.NewGuid():N}";
        using var response = await pipeline.Http.PostAsJsonAsync("/api/events", new[] { new { user_id = Guid.NewGuid(), event_type = "view", page = name } }, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode);
        await Expect(seen.Rows("Latest events").Filter(new() { HasText = name })).ToHaveCountAsync(1);
        await MoreAsync();
        Assert.Equal(0, await hidden.Rows("Latest events").Filter(new() { HasText = name }).CountAsync());

        await hidden.ShowAsync(isVisible: true);
        await Expect(hidden.Rows("Latest events").Filter(new() { HasText = name })).ToHaveCountAsync(1);

        // Whoever is seen is sent some updates.
        async Task MoreAsync()
        {
            var before = seen.Messages;
            await Eventually.TrueAsync(() => seen.Messages >= before + 3, TimeSpan.FromSeconds(60));
        }
    }

    [Fact]
    public async Task Pages_OnAPhoneAndADeskWhileFiguresMove_StayInPlace()
    {
        var pipeline = await acting.GetAsync();
        var token = TestContext.Current.CancellationToken;
        string[] paths = ["/", "/topics", "/quality", "/dead-letters?range=all", "/analytics", "/runs", "/runs/kafka_stream", "/components"];
        (int Width, int Height)[] windows = [(390, 844), (1440, 900)];
        var pages = new List<(string Name, BrowserPage Page)>();
        try
        {
            foreach (var (path, (width, height)) in paths.SelectMany(path => windows.Select(window => (path, window))))
            {
                var page = await browser.OpenAsync(width, height);
                pages.Add(($"{path} {width}×{height}", page));
                await page.WatchShiftsAsync();
                await page.Page.GotoAsync(new Uri(pipeline.Url, path).ToString(), new() { WaitUntil = WaitUntilState.Commit });
            }

            await Task.WhenAll(pages.Select(p => p.Page.LiveAsync()));
            for (var i = 0; i < 2; i++)
            {
                var before = pages.ConvertAll(p => p.Page.Messages);
                using var response = await pipeline.Http.PostAsJsonAsync(
                    "/api/events", Enumerable.Range(0, 50).Select(n => new { user_id = Guid.NewGuid(), event_type = n % 2 == 0 ? "view" : "login", page = new string('p', n) }), token);
                Assert.True(response.IsSuccessStatusCode);
                await acting.WithRunAsync($"shift_{Guid.NewGuid():N}");
                await Eventually.TrueAsync(() => pages.Zip(before).All(p => p.First.Page.Messages > p.Second));
            }

            foreach (var (name, page) in pages)
            {
                var (shift, what) = await page.ShiftedAsync();
                output.WriteLine($"{name}: {shift:0.0000}");
                Assert.True(shift < BrowserPage.NoticedShift, $"{name} moved by {shift:0.000}: {what}");
            }
        }
        finally
        {
            foreach (var (_, page) in pages)
            {
                await page.DisposeAsync();
            }
        }
    }

    /// <summary>How long it takes until the page says so is written to the test's output; the figure is in docs/dashboard.md.</summary>
    [Fact]
    public async Task Page_WhenThePipelineIsKilled_SaysSoAndHealsByItself()
    {
        var first = await acting.GetAsync();
        await first.QuietAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(first.Url, "/dead-letters?range=7d");

        // Lives as long as this document: the page comes back with another.
        await page.Page.EvaluateAsync("() => { window.isOld = true; }");
        var since = Stopwatch.GetTimestamp();
        await first.KillAsync();
        await page.Page.GetByText(Lost).WaitForAsync();
        output.WriteLine($"shown {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms after the kill");
        await page.SaysAsync("Stale");
        await page.TakePictureAsync("disconnected", 1440, 900, ColorScheme.Light);

        var second = await acting.GetAsync();
        await page.Page.WaitForFunctionAsync("() => window.isOld === undefined");
        await page.LiveAsync();
        await page.SaysAsync("Live");
        await Expect(page.Page.GetByText(Lost)).ToBeHiddenAsync();
        Assert.Equal(new Uri(second.Url, "/dead-letters?range=7d").ToString(), page.Page.Url);
    }
}
