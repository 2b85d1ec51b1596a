using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Pages.Tests;

/// <summary>
/// A page with what it complained about and where it asked. Everything that is asked of it waits until it is so, and only for what stays so:
/// figures come by push, and a page that is opened may show a reading of some seconds ago first.
/// </summary>
internal sealed class BrowserPage : IAsyncDisposable
{
    /// <summary>Where pictures of the pages are put, when somebody wants to look at them.</summary>
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("PIPELINE_SCREENSHOTS");

    private static readonly string Axe = ReadAxe();

    private readonly IBrowserContext? _ownContext;
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly ConcurrentQueue<string> _requests = new();
    private int _messages;

    private BrowserPage(IBrowserContext? ownContext, IPage page) => (_ownContext, Page) = (ownContext, page);

    public IPage Page { get; }

    /// <summary>Errors and warnings of the console, which is where a refused script or style is told.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>How many messages its circuit has sent to it.</summary>
    public int Messages => Volatile.Read(ref _messages);

    /// <summary>The word beside the title that says what can be said of the figures.</summary>
    public ILocator State => Page.Locator(".page-head .state");

    public ILocator Dialog => Page.GetByRole(AriaRole.Dialog);

    /// <param name="ownsContext">Whether the context ends with the page.</param>
    public static async Task<BrowserPage> NewAsync(IBrowserContext context, bool ownsContext)
    {
        var page = new BrowserPage(ownsContext ? context : null, await context.NewPageAsync());
        page.Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                page._complaints.Enqueue(message.Text);
            }
        };
        page.Page.PageError += (_, error) => page._complaints.Enqueue(error);
        page.Page.WebSocket += (_, socket) => socket.FrameReceived += (_, _) => Interlocked.Increment(ref page._messages);
        page.Page.Request += (_, request) => page._requests.Enqueue(request.Url);
        return page;
    }

    /// <summary>Waits until the page says this of its figures.</summary>
    public Task SaysAsync(string word) => Expect(State).ToHaveTextAsync(word, new() { UseInnerText = true });

    /// <summary>Opens a path and returns when the page is live: rendered, connected, and read.</summary>
    public async Task GoAsync(Uri site, string path)
    {
        await Page.GotoAsync(new Uri(site, path).ToString());
        await LiveAsync();
    }

    /// <summary>Waits until clicks reach the server, figures are of now and charts are drawn.</summary>
    public async Task LiveAsync()
    {
        await Page.Locator(".state.good[data-connected]").WaitForAsync();
        await Page.WaitForFunctionAsync("() => [...document.querySelectorAll('.chart[role=img]')].every(c => c.dataset.drawn === 'yes')");
    }

    /// <summary>Seen through a window of this size and in this scheme from now on.</summary>
    public async Task LookAsync(int width, int height, ColorScheme scheme)
    {
        await Page.SetViewportSizeAsync(width, height);
        await Page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
    }

    /// <summary>Behind another tab, or in front of it again. A browser without a screen shows all of its pages.</summary>
    public Task ShowAsync(bool isVisible) => Page.EvaluateAsync(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }", !isVisible);

    /// <summary>What a page may move without being asked, of the window times its height, before people notice it: the "good" of Web Vitals.</summary>
    public const double NoticedShift = 0.1;

    /// <summary>Notes from the next document on what moves without being asked.</summary>
    public Task WatchShiftsAsync() => Page.AddInitScriptAsync("""
        window.shift = 0; window.shifted = '';
        new PerformanceObserver(list => list.getEntries().filter(e => !e.hadRecentInput).forEach(e => {
          window.shift += e.value;
          window.shifted = e.sources.map(s => (s.node?.outerHTML ?? s.node?.textContent ?? '').slice(0, 200)).join('; ');
        })).observe({ type: 'layout-shift', buffered: true });
        """);

    /// <summary>The cumulative layout shift of the document until now, and what moved last.</summary>
    public async Task<(double Shift, string What)> ShiftedAsync()
    {
        var shifted = await Page.EvaluateAsync<JsonElement>("() => ({ shift: window.shift, what: window.shifted })");
        return (shifted.GetProperty("shift").GetDouble(), shifted.GetProperty("what").GetString()!);
    }

    public static bool TakesPictures => Pictures is not null;

    /// <summary>The whole page as it is seen through such a window, where pictures are wanted.</summary>
    public Task TakePictureAsync(string name, int width, int height, ColorScheme scheme) => Pictures is null
        ? Task.CompletedTask
        : Page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"{name}-{width}x{height}-{scheme.ToString().ToLowerInvariant()}.png"), FullPage = !name.StartsWith("dialog", StringComparison.Ordinal) });

    /// <summary>Waits until the address has this in it. It is changed by the page itself, so there is no load of a document to wait for.</summary>
    public Task AtAsync(string part) => Expect(Page).ToHaveURLAsync(new Regex(Regex.Escape(part)));

    /// <summary>Whether the address has this in it within ten seconds: for what may be lost and is then done again.</summary>
    public async Task<bool> ReachesAsync(string part)
    {
        try
        {
            await Page.WaitForURLAsync(url => url.Contains(part, StringComparison.Ordinal), new() { Timeout = 10_000, WaitUntil = WaitUntilState.Commit });
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Whether this is seen within ten seconds: for what appears after a moment, and passes.</summary>
    public static async Task<bool> ComesAsync(ILocator what)
    {
        try
        {
            await what.WaitForAsync(new() { Timeout = 10_000 });
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Waits until the address no longer has this in it.</summary>
    public Task NotAtAsync(string part) => Expect(Page).Not.ToHaveURLAsync(new Regex(Regex.Escape(part)));

    /// <summary>Waits until a figure that carries a name is this count; words may follow it.</summary>
    public Task ShowsAsync(string figure, long count)
        => Expect(Page.Locator($"[data-figure='{figure}']").First).ToHaveTextAsync(new Regex($"^\\s*{Regex.Escape(Text(count))}(?![\\d,])"));

    /// <summary>A figure as it is at the moment, for what moves.</summary>
    public async Task<long> FigureAsync(string name)
        => long.Parse((await Page.Locator($"[data-figure='{name}']").First.InnerTextAsync()).Trim(), NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    /// <summary>A count as pages write it.</summary>
    public static string Text(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A table by the name of the region that it stands in.</summary>
    public ILocator Rows(string region) => Page.GetByRole(AriaRole.Region, new() { Name = region, Exact = true }).Locator("tbody tr:not(.sub)");

    /// <summary>Presses the button that opens a dialog, does what is to be done in it, presses the one that confirms, and returns when it has closed.</summary>
    public Task ConfirmAsync(string open, string confirm, Func<Task>? before = null)
        => ConfirmAsync(Page.GetByRole(AriaRole.Button, new() { Name = open, Exact = true }), confirm, before);

    /// <inheritdoc cref="ConfirmAsync(string, string, Func{Task})"/>
    public async Task ConfirmAsync(ILocator open, string confirm, Func<Task>? before = null)
    {
        await OpenDialogAsync(open);
        await (before?.Invoke() ?? Task.CompletedTask);
        await Dialog.GetByRole(AriaRole.Button, new() { Name = confirm, Exact = true }).ClickAsync();
        await Expect(Dialog).ToHaveCountAsync(0);
    }

    /// <summary>Presses a button once, as soon as it can be pressed, and returns when its dialog is there: no press may be lost.</summary>
    public async Task OpenDialogAsync(ILocator open)
    {
        await open.ClickAsync();
        await Dialog.WaitForAsync();
    }

    /// <summary>What axe-core finds wrong, of its two worst grades.</summary>
    public async Task<IReadOnlyList<string>> AccessibilityProblemsAsync()
    {
        await Page.EvaluateAsync(Axe);
        var result = await Page.EvaluateAsync<JsonElement>("() => axe.run(document, { resultTypes: ['violations'] })");
        return [.. result.GetProperty("violations").EnumerateArray()
            .Where(v => v.GetProperty("impact").GetString() is "serious" or "critical")
            .SelectMany(v => v.GetProperty("nodes").EnumerateArray().Take(3).Select(n => $"{v.GetProperty("id").GetString()}: {n.GetProperty("html").GetString()} {n.GetProperty("failureSummary").GetString()}"))];
    }

    public async ValueTask DisposeAsync()
    {
        await Page.CloseAsync();
        if (_ownContext is not null)
        {
            await _ownContext.DisposeAsync();
        }
    }

    private static string ReadAxe()
    {
        using var stream = typeof(Deque.AxeCore.Commons.AxeResult).Assembly.GetManifestResourceStream("Deque.AxeCore.Commons.Resources.axe.min.js")
            ?? throw new InvalidOperationException("axe-core is not in its package any more.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
