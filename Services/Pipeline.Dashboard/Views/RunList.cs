using System.Globalization;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Views;

/// <summary>What the page of runs asks.</summary>
/// <param name="Before">Only runs made before the one with this <see cref="DagRun.Id"/>, as text: the last of the page before.</param>
public sealed record RunsQuestion(string? DagId, string? State, string Range, string? Search, string? Before);

/// <summary>The DAGs, and a page of their runs, latest first.</summary>
public sealed record RunList(IReadOnlyList<DagLine> Dags, IReadOnlyList<GridRun> Runs, string? Next);

/// <param name="Latest">Its latest runs, the latest last.</param>
/// <param name="FailedOfDay">Runs that were due within 24 hours and failed.</param>
public sealed record DagLine(DagSummary Dag, IReadOnlyList<DagRun> Latest, long FailedOfDay);

internal sealed class RunsReader(DagRuns runs, TimeProvider clock)
{
    public static readonly IReadOnlyList<string> Ranges = ["1h", "24h", "7d", "all"];
    public static readonly IReadOnlyList<string> States = [.. Enum.GetValues<DagRunState>().Select(state => state.ToWireName())];

    private const int PageSize = 30;
    private const int Latest = 16;

    public async ValueTask<RunList> ReadAsync(RunsQuestion question, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var page = await WithTasksAsync(
            new DagRunQuery
            {
                DagId = question.DagId,
                States = question.State is null ? [] : [StateNames.ParseDagRunState(question.State)],
                RunAfter = new Scheduling.TimeRange(TimeRange.Parse(question.Range, "all").Length is { } length ? now - length : null, null),
                RunIdPattern = question.Search,
                OrderBy = "-id",
                After = long.TryParse(question.Before, NumberStyles.None, CultureInfo.InvariantCulture, out var before) ? before : null,
                Limit = PageSize,
                WithTotal = false,
            },
            cancellationToken);
        var dags = new List<DagLine>();
        foreach (var dag in (await runs.ListDagsAsync(new DagQuery(), cancellationToken)).Items)
        {
            dags.Add(await ToLineAsync(dag, now, cancellationToken));
        }

        return new RunList(dags, page, page.Count == PageSize ? page[^1].Run.Id.ToString(CultureInfo.InvariantCulture) : null);
    }

    /// <summary>The latest runs of all DAGs.</summary>
    public Task<IReadOnlyList<GridRun>> LatestAsync(int limit, CancellationToken cancellationToken)
        => WithTasksAsync(new DagRunQuery { OrderBy = "-id", Limit = limit, WithTotal = false }, cancellationToken);

    /// <summary>How many runs of all DAGs were due within 24 hours and failed, and the latest of them.</summary>
    public async Task<(long Count, IReadOnlyList<DagRun> Latest)> FailedOfDayAsync(int limit, CancellationToken cancellationToken)
    {
        var page = await runs.ListRunsAsync(FailedSince(clock.GetUtcNow() - TimeSpan.FromDays(1)) with { OrderBy = "-run_after", Limit = limit }, cancellationToken);
        return (page.Total, page.Items);
    }

    private static DagRunQuery FailedSince(DateTimeOffset due) => new() { States = [DagRunState.Failed], RunAfter = new Scheduling.TimeRange(due, null) };

    private async Task<IReadOnlyList<GridRun>> WithTasksAsync(DagRunQuery query, CancellationToken cancellationToken)
    {
        var page = new List<GridRun>();
        foreach (var run in (await runs.ListRunsAsync(query, cancellationToken)).Items)
        {
            page.Add(new GridRun(run, await runs.ListTaskInstancesAsync(run.DagId, run.RunId, cancellationToken)));
        }

        return page;
    }

    private async Task<DagLine> ToLineAsync(DagSummary dag, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var latest = await runs.ListRunsAsync(new DagRunQuery { DagId = dag.DagId, OrderBy = "-run_after", Limit = Latest, WithTotal = false }, cancellationToken);
        var failed = await runs.ListRunsAsync(FailedSince(now - TimeSpan.FromDays(1)) with { DagId = dag.DagId, Limit = 1 }, cancellationToken);
        return new DagLine(dag, [.. latest.Items.Reverse()], failed.Total);
    }
}
