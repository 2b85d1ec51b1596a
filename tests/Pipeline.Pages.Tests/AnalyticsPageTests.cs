using System.Text.Json;
using Microsoft.Playwright;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>What a person does with the charts, and that the figures are those of the store.</summary>
[Collection(nameof(PagesCollection))]
public sealed class AnalyticsPageTests(BrowserFixture browser, StillPipeline still)
{
    [Fact]
    public async Task Map_ACountryAndThenAGender_ShowsWhatIsBoth()
    {
        var pipeline = await still.GetAsync();
        var events = await EventsAsync(pipeline);
        var nationality = events.GroupBy(e => e.Nationality).Where(g => g.Key != "unknown" && g.Any(e => e.Gender == "female")).OrderByDescending(g => g.Count()).First().Key;
        var expected = events.Count(e => e.Nationality == nationality && e.Gender == "female");
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/analytics?range=7d");

        // A country has holes and islands: the click is that of the keyboard.
        await page.Page.Locator($".world a[aria-label*='({nationality})']").PressAsync("Enter");
        await page.AtAsync($"nationality={nationality}");
        await page.Page.GetByRole(AriaRole.Region, new() { Name = "Events by gender" }).GetByRole(AriaRole.Link, new() { Name = "female", Exact = true }).ClickAsync();
        await page.AtAsync("gender=female");

        // Both are chosen: of each, the value's own count is what is left of all events.
        await Expect(Row("gender", "female")).ToHaveTextAsync(BrowserPage.Text(expected));
        await Expect(Row("nationality", nationality)).ToHaveTextAsync(BrowserPage.Text(expected));
        Assert.Empty(await page.AccessibilityProblemsAsync());

        var export = JsonElement.Parse(await pipeline.Http.GetStringAsync(
            $"/analytics/export?format=json&range=7d&metric=events&by=all&nationality={nationality}&gender=female", TestContext.Current.CancellationToken));
        Assert.Equal(expected, export.EnumerateArray().Sum(w => w.GetProperty("count").GetInt64()));

        await page.Page.GetByRole(AriaRole.Link, new() { Name = "all events", Exact = true }).ClickAsync();
        await page.NotAtAsync("nationality");
        await Expect(page.Page.GetByRole(AriaRole.Group, new() { Name = "Chosen" })).ToHaveCountAsync(0);
        Assert.Empty(page.Complaints);

        ILocator Row(string dimension, string value) => page.Rows($"Events by {dimension}")
            .Filter(new() { Has = page.Page.GetByRole(AriaRole.Link, new() { Name = value, Exact = true }) }).Locator("td.number");
    }

    [Fact]
    public async Task Chart_DraggedOver_ShowsThatTimeAlone()
    {
        var pipeline = await still.GetAsync();
        await using var page = await browser.OpenAsync();
        await page.GoAsync(pipeline.Url, "/analytics?range=6h");

        // A chart that is drawn anew in the middle of it, because a minute is over, lets go of what was begun.
        await Eventually.TrueAsync(async () => await DragAsync(page.Page) && await page.ReachesAsync("from="));

        await page.AtAsync("to=");
        var back = page.Page.GetByRole(AriaRole.Link, new() { Name = "Back to the last 6h" });
        await back.ClickAsync();
        await page.NotAtAsync("from=");
        await Expect(back).ToHaveCountAsync(0);

        // The same figures as a table.
        await page.Page.Locator("details.data summary").First.ClickAsync();
        await page.Rows("Events by event type, as a table").First.WaitForAsync();
        Assert.Empty(page.Complaints);
    }

    /// <summary>Drags over a part of the chart; false when it is not there because it is drawn anew at this moment.</summary>
    private static async Task<bool> DragAsync(IPage page)
    {
        if (await page.Locator(".chart.tall").BoundingBoxAsync() is not { } box)
        {
            return false;
        }

        await page.Mouse.MoveAsync(box.X + (box.Width * 0.5f), box.Y + (box.Height / 2));
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.7f), box.Y + (box.Height / 2), new() { Steps = 5 });
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.8f), box.Y + (box.Height / 2), new() { Steps = 5 });
        await page.Mouse.UpAsync();
        return true;
    }

    private static async Task<List<(string Nationality, string Gender)>> EventsAsync(PipelineProcess pipeline)
    {
        var events = new List<(string, string)>();
        string? cursor = null;
        do
        {
            var page = await pipeline.GetAsync($"/api/events?limit=1000{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            events.AddRange(page.GetProperty("items").EnumerateArray().Select(e => (e.GetProperty("nationality").GetString() ?? "", e.GetProperty("gender").GetString() ?? "")));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        return events;
    }
}
