using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Dashboard.Live;
using Pipeline.Storage;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Dashboard;

public sealed class LiveFeedTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
    private int _readings;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_ByMany_ReadsOnceForAll()
    {
        var feed = Feed();
        var viewers = Enumerable.Range(0, 100).Select(_ => feed.WatchAsync(Token).GetAsyncEnumerator(Token)).ToArray();

        foreach (var viewer in viewers)
        {
            Assert.True(await viewer.MoveNextAsync());
        }

        Assert.Equal(1, Volatile.Read(ref _readings));
        Assert.All(viewers, v => Assert.Equal("1", v.Current.Value));
        foreach (var viewer in viewers)
        {
            await viewer.DisposeAsync();
        }

        Assert.Equal(0, feed.Viewers);
    }

    [Fact]
    public async Task Watch_BySomebodySlow_SkipsToTheNewestAndDelaysNobody()
    {
        var feed = Feed();
        await using var slow = feed.WatchAsync(Token).GetAsyncEnumerator(Token);
        await using var quick = feed.WatchAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await slow.MoveNextAsync());
        for (var i = 1; i <= 10; i++)
        {
            Assert.True(await quick.MoveNextAsync());
            Assert.Equal($"{i}", quick.Current.Value);
            _clock.Advance(Second);
        }

        await Eventually.TrueAsync(() => Volatile.Read(ref _readings) == 11);
        Assert.True(await quick.MoveNextAsync());
        Assert.True(await slow.MoveNextAsync());
        Assert.Equal("11", slow.Current.Value);
    }

    [Fact]
    public async Task Watch_WhenNobodyIsLeft_ReadsNoMore()
    {
        var feed = Feed();
        var viewer = feed.WatchAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await viewer.MoveNextAsync());
        await viewer.DisposeAsync();

        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(Second);
        }

        await using var next = feed.WatchAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await next.MoveNextAsync());
        Assert.InRange(Volatile.Read(ref _readings), 1, 2);
    }

    [Fact]
    public async Task Watch_WhenReadingFails_KeepsTheFiguresAndSaysWhy_ThenHeals()
    {
        var isDown = false;
        var feed = new LiveFeed<string>(
            _ => isDown ? throw new StorageException("the disk is gone", isTransient: true) : ValueTask.FromResult("good"), Second, _clock, NullLogger.Instance);
        await using var viewer = feed.WatchAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await viewer.MoveNextAsync());
        var readAt = viewer.Current.ReadAt;

        isDown = true;
        _clock.Advance(Second);
        Assert.True(await viewer.MoveNextAsync());
        Assert.Equal("good", viewer.Current.Value);
        Assert.Equal(readAt, viewer.Current.ReadAt);
        Assert.Contains("the disk is gone", viewer.Current.Error, StringComparison.Ordinal);

        isDown = false;
        _clock.Advance(Second);
        Assert.True(await viewer.MoveNextAsync());
        Assert.Null(viewer.Current.Error);
    }

    [Fact]
    public async Task Latest_OfLongAgo_IsNotShown()
    {
        var feed = Feed();
        await feed.ReadOnceAsync(Second);
        Assert.NotNull(feed.Latest);

        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(feed.Latest);
    }

    [Theory]
    [InlineData(0.004, 1)]
    [InlineData(0.0125, 3)]
    [InlineData(60, 5)]
    public async Task Watch_WhenShowingTakesMuch_ReadsLessOften(double secondsOnEachCore, int period)
    {
        var feed = Feed();
        await using var viewer = feed.WatchAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await viewer.MoveNextAsync());
        feed.NoteShown(TimeSpan.FromSeconds(secondsOnEachCore * Environment.ProcessorCount));

        // The second reading is due as ever; then it is known what the first took.
        _clock.Advance(Second);
        Assert.True(await viewer.MoveNextAsync());
        for (var second = 1; second < period; second++)
        {
            _clock.Advance(Second);
            Assert.Equal(2, Volatile.Read(ref _readings));
        }

        _clock.Advance(Second);
        Assert.True(await viewer.MoveNextAsync());
        Assert.Equal(3, Volatile.Read(ref _readings));
    }

    [Fact]
    public async Task ReadOnce_WhenReadingTakesTooLong_ReturnsNothingAndLetsItGoOnForAllWhoAsk()
    {
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var feed = new LiveFeed<string>(
            _ =>
            {
                Interlocked.Increment(ref _readings);
                return new ValueTask<string>(answer.Task);
            },
            Second, _clock, NullLogger.Instance);
        var first = feed.ReadOnceAsync(Second);
        var second = feed.ReadOnceAsync(Second);
        await Eventually.TrueAsync(() => Volatile.Read(ref _readings) == 1);

        _clock.Advance(Second);
        Assert.Null(await first);
        Assert.Null(await second);

        var third = feed.ReadOnceAsync(Second);
        answer.SetResult("late");
        Assert.Equal("late", (await third)?.Value);
        Assert.Equal("late", feed.Latest?.Value);
        Assert.Equal(1, Volatile.Read(ref _readings));
    }

    [Fact]
    public void Feeds_OfTheSameQuestion_AreOne()
    {
        var feeds = new LiveFeeds(_clock, NullLogger<LiveFeeds>.Instance);

        Assert.Same(feeds.Get((1, "a"), Second, Read), feeds.Get((1, "a"), Second, Read));
        Assert.NotSame(feeds.Get((1, "a"), Second, Read), feeds.Get((1, "b"), Second, Read));

        static ValueTask<string> Read((int, string) query, CancellationToken _) => ValueTask.FromResult(query.Item2);
    }

    private LiveFeed<string> Feed()
        => new(_ => ValueTask.FromResult($"{Interlocked.Increment(ref _readings)}"), Second, _clock, NullLogger.Instance);
}
