using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Pipeline.Dashboard.Status;

namespace Pipeline.Dashboard.Live;

/// <summary>
/// One value that is read again every so often while somebody watches it. All who watch share the reading: a hundred viewers
/// cost the pipeline what one costs, and none costs nothing.
/// </summary>
internal sealed class LiveFeed<T>(Func<CancellationToken, ValueTask<T>> read, TimeSpan period, TimeProvider clock, ILogger logger)
    where T : class
{
    /// <summary>
    /// How much of the machine rendering a reading for all who watch may take, in cores. It is a fraction of what showing costs: sending, and the
    /// collection of what was rendered, cost several times that. Many viewers, and a machine that has much else to do, make it take longer; then
    /// figures come less often, and the pipeline goes on as without them.
    /// </summary>
    private static readonly double CoresForShowing = 0.005 * Environment.ProcessorCount;

    private static readonly TimeSpan LongestPeriod = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly List<Channel<Snapshot<T>>> _viewers = [];
    private bool _isReading;
    private Task<Snapshot<T>>? _readingOnce;
    private Snapshot<T>? _latest;
    private long _ticksOfShowing;

    public int Viewers
    {
        get
        {
            lock (_gate)
            {
                return _viewers.Count;
            }
        }
    }

    /// <summary>The last reading, unless it is so old that it would mislead.</summary>
    public Snapshot<T>? Latest
    {
        get
        {
            lock (_gate)
            {
                return FreshLatest();
            }
        }
    }

    /// <summary>Every new reading until cancelled; the latest one at once. A viewer who is too slow sees fewer, never older ones.</summary>
    public async IAsyncEnumerable<Snapshot<T>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // One place, the oldest dropped: only the newest reading is of use, and nobody may make another wait.
        var channel = Channel.CreateBounded<Snapshot<T>>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        Register(channel);
        try
        {
            await foreach (var snapshot in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return snapshot;
            }
        }
        finally
        {
            Unregister(channel);
        }
    }

    /// <summary>
    /// One reading for whoever does not stay, such as a page that is rendered before it is live; <see langword="null"/> when it takes longer than
    /// <paramref name="patience"/>. It goes on then, and whoever asks meanwhile waits for the same.
    /// </summary>
    public async Task<Snapshot<T>?> ReadOnceAsync(TimeSpan patience)
    {
        Task<Snapshot<T>> reading;
        lock (_gate)
        {
            if (FreshLatest() is { } latest)
            {
                return latest;
            }

            if (_readingOnce is not { IsCompleted: false })
            {
                _readingOnce = Task.Run(ReadAndPublishAsync);
            }

            reading = _readingOnce;
        }

        try
        {
            return await reading.WaitAsync(patience, clock);
        }
        catch (TimeoutException)
        {
            return null;
        }

        async Task<Snapshot<T>> ReadAndPublishAsync()
        {
            var snapshot = await ReadAsync();
            Publish(snapshot);
            return snapshot;
        }
    }

    /// <summary>A viewer says how long it took to render a reading for it.</summary>
    public void NoteShown(TimeSpan taken) => Interlocked.Add(ref _ticksOfShowing, taken.Ticks);

    // First the registration, then the snapshot, under the lock that publishing takes: nothing is missed, nothing comes twice.
    private void Register(Channel<Snapshot<T>> channel)
    {
        lock (_gate)
        {
            _viewers.Add(channel);
            if (FreshLatest() is { } latest)
            {
                channel.Writer.TryWrite(latest);
            }

            if (!_isReading)
            {
                _isReading = true;
                _ = Task.Run(RunAsync);
            }
        }
    }

    private void Unregister(Channel<Snapshot<T>> channel)
    {
        lock (_gate)
        {
            _viewers.Remove(channel);
        }
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(period, clock);
        do
        {
            timer.Period = NextPeriod();
            Publish(await ReadAsync());
        }
        while (await timer.WaitForNextTickAsync() && !EndsWithoutViewers());
    }

    private TimeSpan NextPeriod()
    {
        var affordable = TimeSpan.FromTicks(Interlocked.Exchange(ref _ticksOfShowing, 0)) / CoresForShowing;
        var longest = period > LongestPeriod ? period : LongestPeriod;
        return affordable < period ? period : affordable > longest ? longest : affordable;
    }

    private bool EndsWithoutViewers()
    {
        lock (_gate)
        {
            _isReading = _viewers.Count > 0;
            return !_isReading;
        }
    }

    // Kept and handed out in one step, so that whoever registers meanwhile gets each reading once.
    private void Publish(Snapshot<T> snapshot)
    {
        lock (_gate)
        {
            _latest = snapshot;
            foreach (var viewer in _viewers)
            {
                viewer.Writer.TryWrite(snapshot);
            }
        }
    }

    private Snapshot<T>? FreshLatest()
        => _latest is { } latest && clock.GetUtcNow() - latest.ReadAt < (2 * period) + TimeSpan.FromSeconds(5) ? latest : null;

    // A page must outlive whatever it shows: any failure becomes a sentence on it, and the next reading may succeed.
    private async Task<Snapshot<T>> ReadAsync()
    {
        try
        {
            var since = clock.GetTimestamp();
            var value = await read(CancellationToken.None);
            PageInstruments.Note(typeof(T).Name, clock.GetElapsedTime(since));
            return new Snapshot<T>(value, clock.GetUtcNow(), null);
        }
        catch (Exception e)
        {
            Log.PageReadFailed(logger, typeof(T).Name, e.Message);
            lock (_gate)
            {
                return (_latest ?? new Snapshot<T>(null, clock.GetUtcNow(), null)) with { Error = Api.ApiProblem.FromException(e).ProblemDetails.Detail ?? e.Message };
            }
        }
    }
}
