using Pipeline.Contracts;
using Pipeline.Dashboard.Status;
using Pipeline.Scheduling;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>Where the pipeline stands, at a glance.</summary>
public sealed record Overview
{
    public required StatusReport Status { get; init; }

    /// <summary>Rates of the last two minutes, one a second.</summary>
    public required IReadOnlyList<Rates> History { get; init; }

    public required IReadOnlyList<ComponentHealth> Health { get; init; }

    public required IReadOnlyList<GridRun> Runs { get; init; }

    /// <summary>Runs that were due within 24 hours and failed.</summary>
    public required long FailedRuns { get; init; }

    /// <summary>The latest of them.</summary>
    public required IReadOnlyList<DagRun> LatestFailedRuns { get; init; }

    public required IReadOnlyList<DeadLetterEntry> DeadLetters { get; init; }

    public required IReadOnlyList<StoredEvent> Events { get; init; }

    /// <summary>Events by minute of event time and type, of the last hour.</summary>
    public required IReadOnlyList<WindowResult> Minutes { get; init; }

    /// <summary>The strictest objective of the contract for the time from event to log.</summary>
    public static TimeSpan FreshnessObjective { get; } = ContractModel.Embedded.Topics.Min(topic => topic.FreshnessObjective);

    /// <summary>The strictest objective for the time from log to store.</summary>
    public static TimeSpan LatencyObjective { get; } = ContractModel.Embedded.Topics.Min(topic => topic.LatencyObjective);
}

internal sealed class OverviewReader(StatusReader status, RateWindow rates, HealthReader health, IResultStore store, RunsReader runs, TimeProvider clock)
{
    private static readonly long Hour = (long)TimeSpan.FromHours(1).TotalMilliseconds;
    private const int Rows = 8;
    private const int MaxFailed = 3;
    private const int MaxWindows = 1000;

    public async ValueTask<Overview> ReadAsync(bool _, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var windows = new WindowQuery { Dimension = "event_type", Grain = WindowGrain.Minute, From = now - Hour, Limit = MaxWindows };
        var (failedRuns, latestFailed) = await runs.FailedOfDayAsync(MaxFailed, cancellationToken);
        return new Overview
        {
            FailedRuns = failedRuns,
            LatestFailedRuns = latestFailed,
            Status = await status.ReadAsync(cancellationToken),
            History = rates.History(),
            Health = await health.ReadAsync(true, cancellationToken),
            Runs = await runs.LatestAsync(Rows, cancellationToken),
            DeadLetters = Trim((await store.QueryDeadLettersAsync(new DeadLetterQuery { Limit = Rows }, cancellationToken)).Items),
            Events = (await store.QueryEventsAsync(new EventQuery { Limit = Rows }, cancellationToken)).Items,
            Minutes = (await store.QueryWindowsAsync(windows, cancellationToken)).Items,
        };
    }

    // What the page does not show need not stay in memory for as long as the page is open.
    private static IReadOnlyList<DeadLetterEntry> Trim(IReadOnlyList<DeadLetterEntry> entries) => [.. entries.Select(e => e with { Key = [], Value = [] })];
}
