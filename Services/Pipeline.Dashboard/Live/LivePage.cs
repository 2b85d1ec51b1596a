using Microsoft.AspNetCore.Components;

namespace Pipeline.Dashboard.Live;

/// <summary>A page over one live feed. What it asks comes from its address, so that a link shows the same.</summary>
public abstract class LivePage<TQuery, T> : ComponentBase, IDisposable
    where TQuery : notnull
    where T : class
{
    /// <summary>How long the first answer to a browser waits for figures; a page that says that it is loading is better than none.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private CancellationTokenSource? _watching;
    private bool _hasQuery;
    private bool _isAnswered;
    private TQuery? _query;
    private TaskCompletionSource? _seen;

    [Inject]
    internal LiveFeeds Feeds { get; set; } = null!;

    [Inject]
    internal ViewerConnection Viewer { get; set; } = null!;

    [Inject]
    internal TimeProvider Clock { get; set; } = null!;

    [Inject]
    protected NavigationManager Navigation { get; set; } = null!;

    [CascadingParameter]
    public ViewPreferences Preferences { get; set; } = ViewPreferences.Default;

    /// <summary>The latest figures; <see langword="null"/> while they are read for the first time.</summary>
    protected T? Data { get; private set; }

    protected DateTimeOffset ReadAt { get; private set; }

    /// <summary>Why the figures are not of now; <see langword="null"/> when they are.</summary>
    protected string? Error { get; private set; }

    /// <summary>What can be said of the figures.</summary>
    protected PageState PageState => new(Data is not null, _isAnswered, ReadAt, Error);

    /// <summary>
    /// Whether a press reaches the server and means what the page shows: not before the browser is connected, and not while the figures are
    /// still those of another address, which may be of another run. Whatever acts is disabled until then.
    /// </summary>
    protected bool TakesPresses => RendererInfo.IsInteractive && _isAnswered;

    /// <summary>How often the figures are read while somebody looks. Default: each second.</summary>
    protected virtual TimeSpan Period => TimeSpan.FromSeconds(1);

    /// <summary>Reads the answer; a method of a singleton, because all who look at the same share it.</summary>
    protected abstract Func<TQuery, CancellationToken, ValueTask<T>> Reader { get; }

    /// <summary>What the page asks, from the parameters in its address.</summary>
    protected abstract TQuery GetQuery();

    protected override async Task OnParametersSetAsync()
    {
        var query = GetQuery();
        if (_hasQuery && EqualityComparer<TQuery>.Default.Equals(query, _query))
        {
            return;
        }

        (_hasQuery, _query, _isAnswered) = (true, query, false);
        var feed = Feeds.Get(query, Period, Reader);
        if (!RendererInfo.IsInteractive)
        {
            if (await feed.ReadOnceAsync(Patience) is { } once)
            {
                Show(once);
            }

            return;
        }

        if (feed.Latest is { } latest)
        {
            Show(latest);
        }

        StopWatching();
        _watching = new CancellationTokenSource();
        _ = WatchAsync(feed, _watching.Token);
    }

    public void Dispose()
    {
        StopWatching();
        GC.SuppressFinalize(this);
    }

    /// <summary>The browser has drawn what was rendered.</summary>
    protected override void OnAfterRender(bool firstRender) => _seen?.TrySetResult();

    /// <summary>The page with other parameters in its address; null removes one.</summary>
    protected string Link(params (string Name, object? Value)[] parameters)
        => Navigation.GetUriWithQueryParameters(parameters.ToDictionary(p => p.Name, p => p.Value));

    private async Task WatchAsync(LiveFeed<T> feed, CancellationToken cancellationToken)
    {
        try
        {
            var isUpdate = false;
            await foreach (var snapshot in feed.WatchAsync(cancellationToken))
            {
                var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await InvokeAsync(() =>
                {
                    // What was on its way when the person went on to another question is not its answer.
                    if (!cancellationToken.IsCancellationRequested)
                    {
                        var since = Clock.GetTimestamp();
                        Show(snapshot);
                        _seen = seen;
                        StateHasChanged();
                        if (isUpdate)
                        {
                            // What coming costs, it costs once.
                            feed.NoteShown(Clock.GetElapsedTime(since));
                        }
                    }
                });
                isUpdate = true;

                // One update at a time: what a browser has not drawn yet is not added to.
                await Viewer.HasSeenAsync(seen.Task, cancellationToken);

                // Nor is anything drawn that nobody can see.
                await Viewer.LooksAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The page was left, or asks something else now.
        }
        catch (ObjectDisposedException)
        {
            // The viewer's connection ended while a reading was on its way.
        }
    }

    private void Show(Snapshot<T> snapshot) => (Data, ReadAt, Error, _isAnswered) = (snapshot.Value, snapshot.ReadAt, snapshot.Error, true);

    private void StopWatching()
    {
        _watching?.Cancel();
        _watching?.Dispose();
        _watching = null;
    }
}
