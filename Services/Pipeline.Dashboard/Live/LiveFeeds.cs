namespace Pipeline.Dashboard.Live;

/// <summary>The feeds of the pages, one for each question: pages that ask the same share one.</summary>
internal sealed class LiveFeeds(TimeProvider clock, ILogger<LiveFeeds> logger)
{
    /// <summary>Feeds that nobody watches are kept up to this number, so that who comes back sees the last figures at once.</summary>
    private const int MaxKept = 32;

    private readonly Lock _gate = new();
    private readonly Dictionary<(Type Value, object Query), Entry> _feeds = [];
    private long _uses;

    /// <param name="query">What is asked, compared by value.</param>
    /// <param name="read">How it is answered; must not hold on to whoever asks.</param>
    public LiveFeed<T> Get<TQuery, T>(TQuery query, TimeSpan period, Func<TQuery, CancellationToken, ValueTask<T>> read)
        where TQuery : notnull
        where T : class
    {
        lock (_gate)
        {
            var key = (typeof(T), (object)query);
            if (!_feeds.TryGetValue(key, out var entry))
            {
                RemoveIdle();
                var feed = new LiveFeed<T>(token => read(query, token), period, clock, logger);
                entry = new Entry(feed, () => feed.Viewers > 0);
                _feeds.Add(key, entry);
            }

            entry.LastUse = ++_uses;
            return (LiveFeed<T>)entry.Feed;
        }
    }

    private void RemoveIdle()
    {
        if (_feeds.Count >= MaxKept && _feeds.Where(f => !f.Value.IsWatched()).OrderBy(f => f.Value.LastUse).Select(f => ((Type, object)?)f.Key).FirstOrDefault() is { } oldest)
        {
            _feeds.Remove(oldest);
        }
    }

    private sealed class Entry(object feed, Func<bool> isWatched)
    {
        public object Feed => feed;

        public Func<bool> IsWatched => isWatched;

        public long LastUse { get; set; }
    }
}
