using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Pipeline.EndToEnd.Tests.Pages;

/// <summary>A page with what it complained about and where it asked.</summary>
internal sealed class BrowserPage : IAsyncDisposable
{
    private static readonly string Axe = ReadAxe();

    private readonly IBrowserContext? _ownContext;
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly ConcurrentQueue<string> _requests = new();

    private BrowserPage(IBrowserContext? ownContext, IPage page) => (_ownContext, Page) = (ownContext, page);

    public IPage Page { get; }

    /// <summary>Errors and warnings of the console, which is where a refused script or style is told.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public IReadOnlyCollection<string> Requests => _requests;

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
        page.Page.Request += (_, request) => page._requests.Enqueue(request.Url);
        return page;
    }

    /// <summary>Opens a path and returns when the page is live: rendered, connected, and read.</summary>
    public async Task GoAsync(Uri site, string path)
    {
        await Page.GotoAsync(new Uri(site, path).ToString());
        await LiveAsync();
    }

    public async Task LiveAsync()
    {
        await Page.Locator(".state.good[data-connected]").WaitForAsync();
        await Page.WaitForFunctionAsync("() => [...document.querySelectorAll('.chart[role=img]')].every(c => c.dataset.drawn === 'yes')");
    }

    /// <summary>Waits until the address has this in it. It is changed by the page itself, so there is no load of a document to wait for.</summary>
    public Task AtAsync(string part) => Assertions.Expect(Page).ToHaveURLAsync(new Regex(Regex.Escape(part)));

    /// <summary>A figure that carries a name.</summary>
    public async Task<long> FigureAsync(string name)
    {
        var text = await Page.Locator($"[data-figure='{name}']").First.InnerTextAsync();
        return long.Parse(new string([.. text.TakeWhile(c => char.IsDigit(c) || c == ',').Where(char.IsDigit)]), System.Globalization.CultureInfo.InvariantCulture);
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
