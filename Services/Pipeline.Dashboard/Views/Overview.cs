using System.Collections.Concurrent;
using Pipeline.Contracts;
using Pipeline.Dashboard.Live;
using Pipeline.Dashboard.Status;
using Pipeline.Scheduling;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>Where the pipeline stands, at a glance.</summary>
public sealed record Overview
{
    public required StatusReport Status { get; init; }

    /// <summary>Events ingested per second over the last two minutes, as corners of a line.</summary>
    public required string IngestedCourse { get; init; }

    public required string StoredCourse { get; init; }

    public required IReadOnlyList<ComponentHealth> Health { get; init; }

    public required IReadOnlyList<GridRun> Runs { get; init; }

    /// <summary>Runs that were due within 24 hours and failed.</summary>
    public required long FailedRuns { get; init; }

    /// <summary>The latest of them.</summary>
    public required IReadOnlyList<DagRun> LatestFailedRuns { get; init; }

    public required IReadOnlyList<DeadLetterEntry> DeadLetters { get; init; }

    public required IReadOnlyList<EventLine> Events { get; init; }

    /// <summary>Events by minute of event time and type, of the last hour.</summary>
    public required IReadOnlyList<WindowResult> Windows { get; init; }

    /// <summary>The first minute of the chart, of sixty.</summary>
    public long FirstMinute => (Now / 60_000 * 60_000) - 3_540_000;

    /// <summary>The strictest objective of the contract for the time from event to log.</summary>
    public static TimeSpan FreshnessObjective { get; } = ContractModel.Embedded.Topics.Min(topic => topic.FreshnessObjective);

    /// <summary>The strictest objective for the time from log to store.</summary>
    public static TimeSpan LatencyObjective { get; } = ContractModel.Embedded.Topics.Min(topic => topic.LatencyObjective);

    private ConcurrentDictionary<string, ChartSpec> Charts { get; } = new(StringComparer.Ordinal);

    private long Now => new DateTimeOffset(Status.Now, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>Events per minute by type, made once for all who are in the same time zone.</summary>
    internal ChartSpec Minutes(ViewPreferences preferences) => Charts.GetOrAdd(
        preferences.ZoneName,
        _ => WindowSeries.Of("bar", Windows, WindowGrain.Minute, FirstMinute, Now, t => preferences.Format(t, "HH:mm"), a => a.Count, missing: 0) with { Stacked = true, Unit = "events" });
}

internal sealed class OverviewReader(StatusReader status, RateWindow rates, HealthReader health, IResultStore store, RunsReader runs, TimeProvider clock)
{
    private static readonly long Hour = (long)TimeSpan.FromHours(1).TotalMilliseconds;
    private const int Rows = 8;
    private const int MaxFailed = 3;
    private const int MaxWindows = 1000;

    private Overview? _last;

    public async ValueTask<Overview> ReadAsync(bool _, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var windows = new WindowQuery { Dimension = "event_type", Grain = WindowGrain.Minute, From = now - Hour, Limit = MaxWindows };
        var (failedRuns, latestFailed) = await runs.FailedOfDayAsync(MaxFailed, cancellationToken);
        var (before, history) = (_last, rates.History());
        return _last = new Overview
        {
            FailedRuns = failedRuns,
            LatestFailedRuns = latestFailed,
            Status = await status.ReadAsync(cancellationToken),
            IngestedCourse = Course.Points([.. history.Select(r => r.Ingested)], RateWindow.HistoryLength),
            StoredCourse = Course.Points([.. history.Select(r => r.Stored)], RateWindow.HistoryLength),
            Health = await health.ReadAsync(true, cancellationToken),
            Runs = Kept(before?.Runs, await runs.LatestAsync(Rows, cancellationToken), (a, b) => a.Run == b.Run && a.Tasks.SequenceEqual(b.Tasks)),
            DeadLetters = Kept(before?.DeadLetters, Trim((await store.QueryDeadLettersAsync(new DeadLetterQuery { Limit = Rows }, cancellationToken)).Items), (a, b) => a == b),
            Events = Kept(before?.Events, [.. (await store.QueryEventsAsync(new EventQuery { Limit = Rows }, cancellationToken)).Items.Select(EventLine.Of)], (a, b) => a == b),
            Windows = (await store.QueryWindowsAsync(windows, cancellationToken)).Items,
        };
    }

    // What is as it was stays the same object, so that the parts of the pages that show it need not be looked at.
    private static IReadOnlyList<T> Kept<T>(IReadOnlyList<T>? before, IReadOnlyList<T> now, Func<T, T, bool> isSame)
        => before?.Count == now.Count && before.Zip(now).All(pair => isSame(pair.First, pair.Second)) ? before : now;

    // What the page does not show need not stay in memory for as long as the page is open.
    private static IReadOnlyList<DeadLetterEntry> Trim(IReadOnlyList<DeadLetterEntry> entries) => [.. entries.Select(e => e with { Key = [], Value = [] })];
}
