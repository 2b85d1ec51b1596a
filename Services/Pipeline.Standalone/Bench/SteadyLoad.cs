using System.Collections.Concurrent;
using System.Diagnostics;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Standalone.Bench;

/// <summary>Appends user events at a steady rate, whether the log keeps up or not, and notes where each append ended.</summary>
internal sealed class SteadyLoad(IRecordLog log, string topic, TimeProvider clock) : IAsyncDisposable
{
    private const int AppendsPerSecond = 100;
    private readonly IRecordWriter _writer = log.CreateWriter();
    private long _count;

    /// <summary>When an append was due and when it was confirmed (stopwatch ticks), and its last record in each partition.</summary>
    public ConcurrentQueue<(long Due, long Done, IReadOnlyList<Position> Last)> Appended { get; } = [];

    /// <summary>Events that were appended.</summary>
    public long Count => Interlocked.Read(ref _count);

    private async Task RunAsync(int first, int eventsPerSecond, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var appends = new List<Task>();
        var perAppend = eventsPerSecond / AppendsPerSecond;
        for (var i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            var due = started + (i * Stopwatch.Frequency / AppendsPerSecond);
            var ahead = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (ahead > TimeSpan.Zero)
            {
                await Task.Delay(ahead, clock, CancellationToken.None);
            }

            appends.Add(AppendAsync(due, first + (i * perAppend), perAppend));
            appends.RemoveAll(a => a.IsCompletedSuccessfully);
            if (appends.Find(a => a.IsFaulted) is { } broken)
            {
                // Brokers that are gone are an error and not a load that waits for them: what is behind it would fail a full queue at a time.
                await broken;
            }
        }

        await Task.WhenAll(appends);
    }

    /// <summary>Measures under the load, which ends with it. A load that breaks ends the measurement: it would wait for events that nobody appends.</summary>
    /// <param name="first">Number of the first event.</param>
    /// <param name="eventsPerSecond">A multiple of 100.</param>
    public async Task<T> WhileAsync<T>(int first, int eventsPerSecond, Func<CancellationToken, Task<T>> measure, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loading = RunAsync(first, eventsPerSecond, stop.Token);
        var measuring = Task.Run(() => measure(stop.Token), CancellationToken.None);
        await Task.WhenAny(loading, measuring);
        await stop.CancelAsync();
        await loading;
        return await measuring;
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    private async Task AppendAsync(long due, int first, int count)
    {
        using var records = new RecordBatchBuilder();
        BenchEvents.AddUsers(records, first, count, clock.GetUtcNow().ToUnixTimeMilliseconds());
        var result = await _writer.AppendAsync(topic, records, CancellationToken.None);
        Interlocked.Add(ref _count, count);
        Appended.Enqueue((due, Stopwatch.GetTimestamp(), result.LastOffsets));
    }
}
